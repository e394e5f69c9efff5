// These functions read client certificates from the connection, because the provider does not.

// Node.js returns one line per attribute, in the order of the certificate. RFC 4514 requires the reverse.
function distinguishedName(certificate) {
  return (certificate.subject ?? '').split('\n').reverse().join(',');
}

function alternativeNames(certificate, kind) {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith(`${kind}:`))
    .map((name) => name.slice(kind.length + 1));
}

function getCertificate(ctx) {
  return ctx.socket.getPeerX509Certificate?.();
}

export default {
  enabled: true,
  certificateBoundAccessTokens: true,
  tlsClientAuth: true,
  selfSignedTlsClientAuth: true,
  getCertificate,
  certificateAuthorized: (ctx) => ctx.socket.authorized,
  certificateSubjectMatches(ctx, property, expected) {
    const certificate = getCertificate(ctx);
    switch (property) {
      case 'tls_client_auth_subject_dn':
        return distinguishedName(certificate) === expected;
      case 'tls_client_auth_san_dns':
        return alternativeNames(certificate, 'DNS').includes(expected);
      case 'tls_client_auth_san_uri':
        return alternativeNames(certificate, 'URI').includes(expected);
      default:
        throw new Error(`the tests do not support ${property}`);
    }
  },
};

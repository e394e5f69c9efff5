// The provider's configuration: the client credentials grant with all related features, and no users.

import { generateKeyPairSync, randomBytes } from 'node:crypto';

import MemoryAdapter from './adapter.mjs';
import mTLS from './mtls.mjs';

const authenticationMethods = [
  'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt',
  'tls_client_auth', 'self_signed_tls_client_auth', 'none',
];

const assertionAlgorithms = [
  'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512',
  'ES256', 'ES384', 'ES512', 'Ed25519', 'EdDSA',
];

// ES256, because the creation of an RSA key would take most of the start time.
const tokenAlgorithm = 'ES256';

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: tokenAlgorithm, use: 'sig', kid: 'provider' };
}

// A client gets tokens only for the resources that its setup names.
function resourceIndicators(setup, errors) {
  return {
    enabled: true,
    defaultResource: async () => undefined,
    useGrantedResource: async () => true,
    getResourceServerInfo: async (ctx, resource, client) => {
      if (!setup.grants[client.clientId]?.resources?.includes(resource)) {
        throw new errors.InvalidTarget();
      }
      return setup.resources[resource];
    },
  };
}

export default function configuration(setup, mtlsOrigin, errors) {
  return {
    adapter: MemoryAdapter,
    clients: setup.clients,
    scopes: setup.scopes,
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    clientAuthMethods: authenticationMethods,
    enabledJWA: {
      clientAuthSigningAlgValues: assertionAlgorithms,
      idTokenSigningAlgValues: [tokenAlgorithm],
    },
    clientDefaults: {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: tokenAlgorithm,
    },
    // Tokens are inactive and assertions are refused from the second in which they expire.
    clockTolerance: 0,
    ttl: {
      ClientCredentials: (ctx, token, client) => setup.grants[client.clientId]?.lifetime
        ?? token.resourceServer?.accessTokenTTL
        ?? setup.lifetime,
    },
    discovery: {
      mtls_endpoint_aliases: {
        token_endpoint: `${mtlsOrigin}/token`,
        introspection_endpoint: `${mtlsOrigin}/token/introspection`,
        revocation_endpoint: `${mtlsOrigin}/token/revocation`,
      },
    },
    features: {
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async () => true },
      revocation: {
        enabled: true,
        allowedPolicy: async (ctx, client, token) => client.clientId === token.clientId,
      },
      resourceIndicators: resourceIndicators(setup, errors),
      mTLS,
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
  };
}

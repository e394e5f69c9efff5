// A certified OpenID provider. The first line of its input is its setup, so that no secret or key is in
// a file or in the environment. Its output is one JSON object per line: first the address on which it
// listens, and then the outcome of each token request. It ends with its input, and so with the test.

import * as crypto from 'node:crypto';
import { once } from 'node:events';
import * as https from 'node:https';
import * as readline from 'node:readline';

import configuration from './configuration.mjs';

// Otherwise the provider's notices would appear between the lines that the test reads.
console.info = console.error;
console.log = console.error;

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// The provider warns about every Node.js before 22. Late releases of 20 have all functions that it uses.
async function loadProvider() {
  if (!crypto.hash || !URL.parse) {
    throw new Error(`Node.js ${process.version} is too old: install a current release`);
  }
  const { warn } = console;
  console.warn = () => {};
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}

// A client certificate is requested but not required, because most clients have none.
async function listen(setup, requestCert) {
  const server = https.createServer({
    cert: setup.certificate, key: setup.key, ca: setup.clientCA, requestCert, rejectUnauthorized: false,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, origin: `https://127.0.0.1:${server.address().port}` };
}

function report(provider) {
  provider.on('grant.success', (ctx) => say({ client: ctx.oidc.client.clientId }));
  const failed = (ctx, error) => say({
    client: ctx.oidc?.client?.clientId ?? ctx.oidc?.params?.client_id,
    error: error.error ?? 'server_error',
    detail: error.error_detail ?? error.error_description,
  });
  provider.on('grant.error', failed);
  provider.on('server_error', (ctx, error) => {
    console.error(error);
    failed(ctx, error);
  });
}

const input = readline.createInterface({ input: process.stdin });
input.on('close', () => process.exit());
const [line] = await once(input, 'line');
const setup = JSON.parse(line);

async function start() {
  const { Provider, errors } = await loadProvider();
  const main = await listen(setup, !setup.mtlsApart);
  const mtls = await listen(setup, true);
  const provider = new Provider(main.origin, configuration(setup, mtls.origin, errors));
  // The provider checks a client only at its first token request. Check all clients now, so that the
  // start fails if a test has a mistake.
  for (const { client_id: id } of setup.clients) {
    await provider.Client.find(id).catch((error) => {
      throw new Error(`the client ${id}: ${error.error_description ?? error.message}`);
    });
  }
  report(provider);
  for (const { server } of [main, mtls]) {
    server.on('request', provider.callback());
  }
  return main.origin;
}

try {
  say({ issuer: await start() });
} catch (error) {
  say({ fault: error.message });
  process.exit(1);
}

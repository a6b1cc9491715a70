// The provider that the tests sign in with: OpenID Connect by oauth2-mock-server, and the addresses of Google and GitHub on
// top. Who signs in, and what goes wrong, is set by POST /control; what was asked is at GET /control.
import { createServer } from 'node:http';
import { createHmac, createPublicKey } from 'node:crypto';
import { OAuth2Issuer, OAuth2Service } from 'oauth2-mock-server';

const issuer = new OAuth2Issuer();
const key = await issuer.keys.generate('RS256');
const service = new OAuth2Service(issuer);
let person = {};
let asked = [];

const base64 = value => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const claims = () => ({ sub: person.sub, email: person.email, email_verified: person.verified, name: person.name });
const forge = (header, payload, secret) => {
  const text = `${base64(header)}.${base64(payload)}`;
  return `${text}.${secret ? createHmac('sha256', secret).update(text).digest('base64url') : ''}`;
};

service.on('beforeAuthorizeRedirect', (redirect, request) => {
  asked.push({ path: 'authorize', values: request.query });
  if (person.mode === 'denied') {
    redirect.url.searchParams.delete('code');
    redirect.url.searchParams.set('error', 'access_denied');
  }
});
service.on('beforeTokenSigning', token => {
  Object.assign(token.payload, claims());
  if (person.mode === 'wrong-nonce') token.payload.nonce = 'another';
  if (person.mode === 'no-nonce') delete token.payload.nonce;
  if (person.mode === 'wrong-audience') token.payload.aud = 'another';
  if (person.mode === 'wrong-issuer') token.payload.iss = 'https://elsewhere.example.org';
  if (person.mode === 'expired') Object.assign(token.payload, { iat: 1000, nbf: 1000, exp: 2000 });
});
service.on('beforeResponse', (response, request) => {
  asked.push({ path: 'token', values: request.body });
  if (person.mode === 'token-error') {
    response.statusCode = 400;
    response.body = { error: 'invalid_grant' };
  }

  const payload = JSON.parse(Buffer.from(response.body.id_token?.split('.')[1] ?? 'e30', 'base64url'));
  if (person.mode === 'alg-none') response.body.id_token = forge({ alg: 'none', typ: 'JWT' }, payload);
  if (person.mode === 'hs256') {
    const { kty, n, e } = key;
    const pem = createPublicKey({ key: { kty, n, e }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    response.body.id_token = forge({ alg: 'HS256', typ: 'JWT', kid: key.kid }, payload, pem);
  }

  if (person.mode === 'hs256-secret') response.body.id_token = forge({ alg: 'HS256', typ: 'JWT' }, payload, 'tests-client-secret');
  if (person.mode === 'resigned') response.body.id_token = response.body.id_token.replace(/[^.]+$/, signature => signature.split('').reverse().join(''));
  if (person.mode === 'garbage') response.body.id_token = 'garbage';
});
service.on('beforeUserinfo', response => {
  response.body = { ...claims(), ...(person.mode === 'other-userinfo' ? { sub: 'another' } : {}) };
});

const json = (response, value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
const server = createServer(async (request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname;
  if (path === '/control' && request.method === 'POST') {
    let text = '';
    for await (const chunk of request) text += chunk;
    person = JSON.parse(text);
    asked = [];
    json(response, {});
  } else if (path === '/control') json(response, asked);
  else if (path === '/user') json(response, { id: Number(person.sub), login: 'octocat', name: person.name, email: 'not-this-one@example.org' });
  else if (path === '/user/emails') {
    json(response, [
      { email: 'old@example.org', primary: false, verified: true },
      { email: person.email, primary: true, verified: person.verified },
    ]);
  } else {
    request.url = request.url.replace('/login/oauth/authorize', '/authorize').replace('/login/oauth/access_token', '/token');
    service.requestHandler(request, response);
  }
});
server.listen(0, '127.0.0.1', () => {
  issuer.url = `http://127.0.0.1:${server.address().port}`;
  console.log(issuer.url);
});
// It ends with whoever started it.
process.stdin.on('end', () => process.exit(0)).resume();

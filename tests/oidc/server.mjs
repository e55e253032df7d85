// An OpenID provider for the tests: real protocol, made-up people. `node server.mjs` with OIDC_PORT and APP_ORIGIN.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const port = Number(process.env.OIDC_PORT);
const app = process.env.APP_ORIGIN;
const issuer = `http://127.0.0.1:${port}`;

// The word in `groups` is what the portal maps to a role; a department code says for which unit.
const people = JSON.parse(process.env.OIDC_PEOPLE ?? '{}');

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'portal',
    client_secret: 'portal-secret-for-tests-only',
    redirect_uris: [`${app}/oauth2callback`],
    post_logout_redirect_uris: [`${app}/oauth2callback`],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  pkce: { required: () => true },
  // Streamlit reads the ID token only, so the claims have to stand in it.
  conformIdTokenClaims: false,
  scopes: ['openid', 'profile', 'groups'],
  claims: { openid: ['sub'], profile: ['name'], groups: ['groups', 'department'] },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  cookies: { keys: ['cookie-key-for-tests-only'] },
  ttl: { IdToken: 3600, AccessToken: 600, Session: 86400, Interaction: 3600, Grant: 86400, AuthorizationCode: 60 },
  findAccount(_, subject) {
    if (!Object.hasOwn(people, subject)) return undefined;
    return { accountId: subject, claims: () => ({ sub: subject, ...people[subject] }) };
  },
});

const server = createServer(provider.callback());
server.listen(port, '127.0.0.1', () => process.stdout.write(`ready ${issuer}\n`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));

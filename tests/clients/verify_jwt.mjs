// A resource server's view: aws-jwt-verify checks a pool's tokens against its issuer and the JWKS behind it.

import assert from "node:assert/strict";

import { JwtVerifier } from "aws-jwt-verify";
import { validateCognitoJwtFields } from "aws-jwt-verify/cognito-verifier";
import { JwtInvalidSignatureError } from "aws-jwt-verify/error";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";

import { ENDPOINT, call, ok, poolAndClient, someone } from "./shared/dev.mjs";

const { pool, client } = await poolAndClient();
const Username = someone("ada");
await call("AdminCreateUser", { UserPoolId: pool, Username, MessageAction: "SUPPRESS" });
await call("AdminSetUserPassword", { UserPoolId: pool, Username, Password: "Correct-horse-1", Permanent: true });
await call("CreateGroup", { UserPoolId: pool, GroupName: "staff" });
await call("AdminAddUserToGroup", { UserPoolId: pool, Username, GroupName: "staff" });
const { AuthenticationResult: tokens } = await call("InitiateAuth", {
  ClientId: client,
  AuthFlow: "USER_PASSWORD_AUTH",
  AuthParameters: { USERNAME: Username, PASSWORD: "Correct-horse-1" },
});

const discovery = await (await fetch(`${ENDPOINT}/${pool}/.well-known/openid-configuration`)).json();
assert.equal(discovery.issuer, `${ENDPOINT}/${pool}`);
assert.ok(discovery.id_token_signing_alg_values_supported.includes("RS256"));
ok("discovery names the issuer");

// The library's own fetcher speaks nothing but https; over plain loopback it gets this one, and the rest is its own.
let fetched = 0;
const fetcher = {
  async fetch(uri) {
    fetched += 1;
    return (await fetch(uri)).arrayBuffer();
  },
};
const verifier = JwtVerifier.create(
  { issuer: discovery.issuer, jwksUri: discovery.jwks_uri, audience: null },
  { jwksCache: new SimpleJwksCache({ fetcher }) },
);

const access = await verifier.verify(tokens.AccessToken, {
  customJwtCheck: ({ payload }) => validateCognitoJwtFields(payload, { tokenUse: "access", clientId: client, groups: "staff" }),
});
assert.equal(access.username, Username);
ok("an access token verifies against the JWKS");

const identity = await verifier.verify(tokens.IdToken, {
  customJwtCheck: ({ payload }) => validateCognitoJwtFields(payload, { tokenUse: "id", clientId: client, groups: "staff" }),
});
assert.equal(identity.sub, access.sub);
assert.equal(fetched, 1, "one JWKS serves both keys");
ok("an ID token verifies against the JWKS");

const [header, payload, signature] = tokens.AccessToken.split(".");
const claims = JSON.parse(Buffer.from(payload, "base64url"));
const forged = [header, Buffer.from(JSON.stringify({ ...claims, username: "root" })).toString("base64url"), signature].join(".");
await assert.rejects(verifier.verify(forged), JwtInvalidSignatureError);
ok("a changed token does not verify");

await call("DeleteUserPool", { UserPoolId: pool });

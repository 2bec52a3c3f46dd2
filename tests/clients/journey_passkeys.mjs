// Passkeys in a browser: Chromium makes one with its virtual authenticator on a page at http://localhost, and signs in
// with it by USER_AUTH.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

import { browser } from "./shared/chromium.mjs";
import { ENDPOINT, call, ok, someone } from "./shared/dev.mjs";

const PASSWORD = "Correct-horse-1";

const { UserPool } = await call("CreateUserPool", {
  PoolName: "passkeys",
  Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "WEB_AUTHN"] } },
});
const { UserPoolClient } = await call("CreateUserPoolClient", {
  UserPoolId: UserPool.Id,
  ClientName: "web",
  ExplicitAuthFlows: ["ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
});
const client = UserPoolClient.ClientId;
await call("SetUserPoolMfaConfig", {
  UserPoolId: UserPool.Id,
  MfaConfiguration: "OFF",
  WebAuthnConfiguration: { RelyingPartyId: "localhost", UserVerification: "required" },
});
const username = someone("ada");
await call("AdminCreateUser", { UserPoolId: UserPool.Id, Username: username, MessageAction: "SUPPRESS" });
await call("AdminSetUserPassword", {
  UserPoolId: UserPool.Id,
  Username: username,
  Password: PASSWORD,
  Permanent: true,
});

// The application: a page that calls the API of the server under test, at an origin of its own.
const site = createServer((_, response) => {
  response.setHeader("content-type", "text/html");
  response.end(`<!doctype html><title>passkeys</title><script>
    async function call(operation, input) {
      const answer = await fetch(${JSON.stringify(ENDPOINT)}, {
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": "AWSCognitoIdentityProviderService." + operation,
        },
        body: JSON.stringify(input),
      });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.__type + ": " + body.message);
      return body;
    }
  </script>`);
});
site.listen(0, "127.0.0.1");
await once(site, "listening");
const chromium = await browser();

/** Makes a passkey for the holder of the token. */
const register = async (token) => {
  const { CredentialCreationOptions } = await call("StartWebAuthnRegistration", { AccessToken: token });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(CredentialCreationOptions);
  const made = await navigator.credentials.create({ publicKey });
  await call("CompleteWebAuthnRegistration", { AccessToken: token, Credential: made.toJSON() });
  return made.toJSON();
};

/** Signs in with a passkey; answers the challenge and the tokens. */
const signIn = async (ClientId, USERNAME) => {
  const asked = await call("InitiateAuth", {
    ClientId,
    AuthFlow: "USER_AUTH",
    AuthParameters: { USERNAME, PREFERRED_CHALLENGE: "WEB_AUTHN" },
  });
  const options = JSON.parse(asked.ChallengeParameters.CREDENTIAL_REQUEST_OPTIONS);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const used = await navigator.credentials.get({ publicKey });
  const signedIn = await call("RespondToAuthChallenge", {
    ClientId,
    ChallengeName: asked.ChallengeName,
    Session: asked.Session,
    ChallengeResponses: { USERNAME, CREDENTIAL: JSON.stringify(used.toJSON()) },
  });
  return { options, tokens: signedIn.AuthenticationResult };
};

try {
  await chromium.page("WebAuthn.enable", {});
  const { authenticatorId } = await chromium.page("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await chromium.open(`http://localhost:${site.address().port}/`);

  const { AuthenticationResult } = await call("InitiateAuth", {
    ClientId: client,
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME: username, PASSWORD },
  });
  const token = AuthenticationResult.AccessToken;
  const made = await chromium.run(register, token);
  const { Credentials } = await call("ListWebAuthnCredentials", { AccessToken: token });
  assert.equal(Credentials.length, 1);
  assert.equal(Credentials[0].CredentialId, made.id);
  assert.equal(Credentials[0].RelyingPartyId, "localhost");
  assert.equal(Credentials[0].AuthenticatorAttachment, "platform");
  assert.deepEqual(Credentials[0].AuthenticatorTransports, ["internal"]);
  assert.match(Credentials[0].FriendlyCredentialName, /^Chrome on /);
  ok(`a passkey is made in the browser, and called "${Credentials[0].FriendlyCredentialName}"`);

  await assert.rejects(chromium.run(register, token), /InvalidStateError/);
  ok("an authenticator that has a passkey already makes no second one");

  for (const round of ["first", "second"]) {
    const { options, tokens } = await chromium.run(signIn, client, username);
    assert.equal(options.rpId, "localhost");
    assert.deepEqual(options.allowCredentials, [{ type: "public-key", id: made.id, transports: ["internal"] }]);
    const user = await call("GetUser", { AccessToken: tokens.AccessToken });
    assert.equal(user.Username, username);
    ok(`the ${round} sign-in with the passkey`);
  }

  await chromium.page("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await assert.rejects(chromium.run(signIn, client, username), /NotAllowedError/);
  await chromium.page("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  ok("who is not verified does not sign in where verification is required");

  await chromium.open(`http://127.0.0.1:${site.address().port}/`);
  await assert.rejects(chromium.run(signIn, client, username), /SecurityError/);
  await chromium.open(`http://localhost:${site.address().port}/`);
  ok("a page of another host gets no proof out of the browser");

  await call("DeleteWebAuthnCredential", { AccessToken: token, CredentialId: made.id });
  await assert.rejects(chromium.run(signIn, client, username), /CREDENTIAL_REQUEST_OPTIONS|not valid JSON|undefined/);
  ok("a deleted passkey is asked for no more");
} finally {
  await chromium.close();
  site.close();
}

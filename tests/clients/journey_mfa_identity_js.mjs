// An authenticator app, set up in the middle of a sign-in and asked for ever after, as browsers do it:
// amazon-cognito-identity-js.

import assert from "node:assert/strict";

import identity from "amazon-cognito-identity-js";

import { shown } from "./shared/app.mjs";
import { ENDPOINT, call, ok, poolAndClient, someone } from "./shared/dev.mjs";

const { AuthenticationDetails, CognitoUser, CognitoUserPool } = identity;

const PASSWORD = "Correct-horse-1";

const { pool, client } = await poolAndClient();
await call("SetUserPoolMfaConfig", {
  UserPoolId: pool,
  MfaConfiguration: "ON",
  SoftwareTokenMfaConfiguration: { Enabled: true },
});
const userPool = new CognitoUserPool({ UserPoolId: pool, ClientId: client, endpoint: ENDPOINT });
const username = someone("ada");
await call("AdminCreateUser", { UserPoolId: pool, Username: username, MessageAction: "SUPPRESS" });
await call("AdminSetUserPassword", { UserPoolId: pool, Username: username, Password: PASSWORD, Permanent: true });
const ada = new CognitoUser({ Username: username, Pool: userPool });

/** Signs in by SRP and answers the callback that the library comes to. */
const signIn = () =>
  new Promise((resolve, reject) => {
    ada.authenticateUser(new AuthenticationDetails({ Username: username, Password: PASSWORD }), {
      onSuccess: (session) => resolve({ session }),
      onFailure: reject,
      mfaSetup: (name, parameters) => resolve({ mfaSetup: parameters }),
      totpRequired: (name, parameters) => resolve({ totpRequired: parameters }),
    });
  });

const { mfaSetup } = await signIn();
assert.deepEqual(JSON.parse(mfaSetup.MFAS_CAN_SETUP), ["SOFTWARE_TOKEN_MFA"]);
const secret = await new Promise((resolve, reject) =>
  ada.associateSoftwareToken({ associateSecretCode: resolve, onFailure: reject }),
);
const first = await new Promise((resolve, onFailure) =>
  ada.verifySoftwareToken(shown(secret, -1), "Ada's phone", { onSuccess: resolve, onFailure }),
);
assert.ok(first.isValid());
ok("set an app up in the middle of a sign-in");

const { totpRequired } = await signIn();
assert.equal(totpRequired.FRIENDLY_DEVICE_NAME, "Ada's phone");
const answer = (code) =>
  new Promise((onSuccess, onFailure) => ada.sendMFACode(code, { onSuccess, onFailure }, "SOFTWARE_TOKEN_MFA"));
const wrong = shown(secret).replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
await assert.rejects(answer(wrong), (error) => error.code === "CodeMismatchException");
const code = shown(secret);
const session = await answer(code);
assert.equal(session.getIdToken().payload["cognito:username"], username);
ok("sign in with a code of the app");

await signIn();
await assert.rejects(answer(code), (error) => error.code === "ExpiredCodeException");
ok("no code signs in twice");

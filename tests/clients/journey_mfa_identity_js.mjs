// An authenticator app, set up in the middle of a sign-in and asked for ever after, as browsers do it:
// amazon-cognito-identity-js.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

import identity from "amazon-cognito-identity-js";

import { ENDPOINT, call, ok, poolAndClient, someone } from "./shared/dev.mjs";

const { AuthenticationDetails, CognitoUser, CognitoUserPool } = identity;

const PASSWORD = "Correct-horse-1";
const STEP_MS = 30_000;

/** What an app with that secret shows (RFC 6238), so many steps from now. */
function shown(secret, later = 0) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS) + later));
  const digest = createHmac("sha1", key).update(counter).digest();
  const offset = digest[19] & 15;
  return ((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).toString().padStart(6, "0");
}

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

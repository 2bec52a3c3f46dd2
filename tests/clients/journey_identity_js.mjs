// Signing up, in by SRP, and out, as browsers do it: amazon-cognito-identity-js.

import assert from "node:assert/strict";

import identity from "amazon-cognito-identity-js";

import { ENDPOINT, call, code, ok, poolAndClient, someone } from "./shared/dev.mjs";

const { AuthenticationDetails, CognitoUser, CognitoUserAttribute, CognitoUserPool } = identity;

const PASSWORD = "Correct-horse-1";
const NEXT_PASSWORD = "Battery-staple-2";

const { pool, client } = await poolAndClient();
const userPool = new CognitoUserPool({ UserPoolId: pool, ClientId: client, endpoint: ENDPOINT });
const userNamed = (Username) => new CognitoUser({ Username, Pool: userPool });

/** A promise of what a `(error, result) =>` function answers. */
const promise = (start) =>
  new Promise((resolve, reject) => start((error, result) => (error ? reject(error) : resolve(result))));

/** Signs in by SRP; answers `{ session }` or `{ newPasswordRequired }`. */
const signIn = (user, Password) =>
  new Promise((resolve, reject) => {
    user.authenticateUser(new AuthenticationDetails({ Username: user.getUsername(), Password }), {
      onSuccess: (session) => resolve({ session }),
      onFailure: reject,
      newPasswordRequired: (userAttributes, required) => resolve({ newPasswordRequired: { userAttributes, required } }),
    });
  });

const refused = (promised, code) => assert.rejects(promised, (error) => error.code === code || assert.fail(`${error.code}: ${error.message}`));

const email = someone("ada");
const attributes = [new CognitoUserAttribute({ Name: "email", Value: email })];
const signedUp = await promise((done) => userPool.signUp(email, PASSWORD, attributes, [], done));
assert.equal(signedUp.userConfirmed, false);
assert.equal(signedUp.codeDeliveryDetails.DeliveryMedium, "EMAIL");
const ada = userNamed(email);
await refused(signIn(ada, PASSWORD), "UserNotConfirmedException");
assert.equal(await promise(async (done) => ada.confirmRegistration(await code(email), false, done)), "SUCCESS");
ok("sign up and confirm with the code from the inbox");

await refused(signIn(ada, `${PASSWORD}!`), "NotAuthorizedException");
const { session } = await signIn(ada, PASSWORD);
assert.ok(session.isValid());
assert.equal(session.getIdToken().payload.email, email);
assert.equal(session.getIdToken().payload.aud, client);
assert.equal(session.getAccessToken().payload.sub, signedUp.userSub);
ok("sign in by SRP");

const own = await promise((done) => ada.getUserAttributes(done));
assert.equal(own.find((attribute) => attribute.getName() === "email_verified").getValue(), "true");
ok("read one's attributes");

const refreshed = await promise((done) => ada.refreshSession(session.getRefreshToken(), done));
assert.ok(refreshed.isValid());
assert.notEqual(refreshed.getAccessToken().getJwtToken(), session.getAccessToken().getJwtToken());
assert.equal(refreshed.getAccessToken().payload.sub, signedUp.userSub);
ok("refresh the session");

await refused(promise((done) => ada.changePassword(`${PASSWORD}!`, NEXT_PASSWORD, done)), "NotAuthorizedException");
assert.equal(await promise((done) => ada.changePassword(PASSWORD, NEXT_PASSWORD, done)), "SUCCESS");
await refused(signIn(userNamed(email), PASSWORD), "NotAuthorizedException");
assert.ok((await signIn(ada, NEXT_PASSWORD)).session.isValid());
ok("change the password");

const token = ada.getSignInUserSession().getRefreshToken();
await new Promise((onSuccess, onFailure) => ada.globalSignOut({ onSuccess, onFailure }));
await refused(promise((done) => userNamed(email).refreshSession(token, done)), "NotAuthorizedException");
ok("sign out everywhere");

await new Promise((resolve, reject) => ada.forgotPassword({ onSuccess: resolve, inputVerificationCode: resolve, onFailure: reject }));
const recovery = await code(email, 1);
await new Promise((onSuccess, onFailure) => ada.confirmPassword(recovery, PASSWORD, { onSuccess, onFailure }));
assert.ok((await signIn(ada, PASSWORD)).session.isValid());
ok("recover the password with the code from the inbox");

const guest = someone("guest");
await call("AdminCreateUser", {
  UserPoolId: pool,
  Username: guest,
  TemporaryPassword: "Temporary-pass-3",
  MessageAction: "SUPPRESS",
  UserAttributes: [{ Name: "email", Value: guest }],
});
const invited = userNamed(guest);
const { newPasswordRequired } = await signIn(invited, "Temporary-pass-3");
assert.equal(newPasswordRequired.userAttributes.email, guest);
assert.deepEqual(newPasswordRequired.required, []);
const chosen = await new Promise((onSuccess, onFailure) =>
  invited.completeNewPasswordChallenge("Chosen-myself-4", { given_name: "Guest" }, { onSuccess, onFailure }),
);
assert.equal(chosen.getIdToken().payload.given_name, "Guest");
ok("be invited and choose a password");

await promise((done) => invited.deleteUser(done));
await refused(signIn(userNamed(guest), "Chosen-myself-4"), "UserNotFoundException");
ok("delete oneself");

await call("DeleteUserPool", { UserPoolId: pool });

// The library confirms the device itself, keeps its password, and proves it at the next sign-in.
const tracking = await poolAndClient();
const { UserPool: described } = await call("DescribeUserPool", { UserPoolId: tracking.pool });
await call("UpdateUserPool", {
  UserPoolId: tracking.pool,
  AutoVerifiedAttributes: described.AutoVerifiedAttributes,
  DeviceConfiguration: { ChallengeRequiredOnNewDevice: true },
});
const owner = someone("owner");
await call("AdminCreateUser", { UserPoolId: tracking.pool, Username: owner, MessageAction: "SUPPRESS" });
await call("AdminSetUserPassword", { UserPoolId: tracking.pool, Username: owner, Password: PASSWORD, Permanent: true });
const trackingPool = new CognitoUserPool({ UserPoolId: tracking.pool, ClientId: tracking.client, endpoint: ENDPOINT });
const grace = new CognitoUser({ Username: owner, Pool: trackingPool });
const first = (await signIn(grace, PASSWORD)).session;
const deviceKey = first.getAccessToken().payload.device_key;
assert.ok(deviceKey);
const byDevice = (await signIn(grace, PASSWORD)).session;
assert.equal(byDevice.getAccessToken().payload.device_key, deviceKey);
const kept = await promise((done) => grace.refreshSession(byDevice.getRefreshToken(), done));
assert.equal(kept.getAccessToken().payload.device_key, deviceKey);
ok("confirm a device, sign in with its proof, and refresh with it");

await call("AdminForgetDevice", { UserPoolId: tracking.pool, Username: owner, DeviceKey: deviceKey });
const anew = (await signIn(grace, PASSWORD)).session;
assert.notEqual(anew.getAccessToken().payload.device_key, deviceKey);
ok("go on without a device that was forgotten, as a new one");
await call("DeleteUserPool", { UserPoolId: tracking.pool });

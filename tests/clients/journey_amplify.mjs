// Signing up, in, and out, as an application on Amplify v6 does it: @aws-amplify/auth.

import assert from "node:assert/strict";

import {
  confirmResetPassword,
  confirmSignIn,
  confirmSignUp,
  confirmUserAttribute,
  deleteUser,
  deleteUserAttributes,
  fetchAuthSession,
  fetchUserAttributes,
  getCurrentUser,
  resendSignUpCode,
  resetPassword,
  sendUserAttributeVerificationCode,
  signIn,
  signOut,
  signUp,
  updatePassword,
  updateUserAttribute,
} from "@aws-amplify/auth";

import { configure, done, refused } from "./shared/amplify.mjs";
import { call, code, ok, poolAndClient, someone } from "./shared/dev.mjs";

const PASSWORD = "Correct-horse-1";
const NEXT_PASSWORD = "Battery-staple-2";

const { pool, client } = await poolAndClient();

configure(pool, client);

const username = someone("ada");
const signedUp = await signUp({ username, password: PASSWORD, options: { userAttributes: { email: username } } });
assert.equal(signedUp.nextStep.signUpStep, "CONFIRM_SIGN_UP");
assert.equal(signedUp.nextStep.codeDeliveryDetails.deliveryMedium, "EMAIL");
assert.equal((await signIn({ username, password: PASSWORD })).nextStep.signInStep, "CONFIRM_SIGN_UP");
await resendSignUpCode({ username });
const confirmed = await confirmSignUp({ username, confirmationCode: await code(username, 1) });
assert.equal(confirmed.nextStep.signUpStep, "DONE");
ok("sign up and confirm with the second code from the inbox");

await refused(signIn({ username, password: `${PASSWORD}!` }), "NotAuthorizedException");
done(await signIn({ username, password: PASSWORD, options: { authFlowType: "USER_PASSWORD_AUTH" } }));
assert.equal((await getCurrentUser()).userId, signedUp.userId);
await signOut();
done(await signIn({ username, password: PASSWORD }));
const { tokens } = await fetchAuthSession();
assert.equal(tokens.idToken.payload.email, username);
assert.equal(tokens.accessToken.payload.client_id, client);
ok("sign in by password and by SRP");

const fresh = (await fetchAuthSession({ forceRefresh: true })).tokens;
assert.notEqual(fresh.accessToken.toString(), tokens.accessToken.toString());
assert.equal(fresh.accessToken.payload.origin_jti, tokens.accessToken.payload.origin_jti);
ok("refresh the session");

const { isUpdated } = await updateUserAttribute({ userAttribute: { attributeKey: "given_name", value: "Ada" } });
assert.ok(isUpdated);
assert.equal((await fetchUserAttributes()).given_name, "Ada");
await deleteUserAttributes({ userAttributeKeys: ["given_name"] });
assert.equal((await fetchUserAttributes()).given_name, undefined);
ok("change and remove an attribute");

const address = someone("lovelace");
const { nextStep } = await updateUserAttribute({ userAttribute: { attributeKey: "email", value: address } });
assert.equal(nextStep.updateAttributeStep, "CONFIRM_ATTRIBUTE_WITH_CODE");
await sendUserAttributeVerificationCode({ userAttributeKey: "email" });
await confirmUserAttribute({ userAttributeKey: "email", confirmationCode: await code(address, 1) });
const { email, email_verified } = await fetchUserAttributes();
assert.deepEqual({ email, email_verified }, { email: address, email_verified: "true" });
ok("move to another address and verify it");

await refused(updatePassword({ oldPassword: `${PASSWORD}!`, newPassword: NEXT_PASSWORD }), "NotAuthorizedException");
await updatePassword({ oldPassword: PASSWORD, newPassword: NEXT_PASSWORD });
await signOut({ global: true });
await refused(getCurrentUser(), "UserUnAuthenticatedException");
done(await signIn({ username, password: NEXT_PASSWORD }));
await signOut();
ok("change the password, sign out everywhere");

const reset = await resetPassword({ username });
assert.equal(reset.nextStep.resetPasswordStep, "CONFIRM_RESET_PASSWORD_WITH_CODE");
await confirmResetPassword({ username, confirmationCode: await code(address, 2), newPassword: PASSWORD });
done(await signIn({ username, password: PASSWORD }));
await deleteUser();
await refused(signIn({ username, password: PASSWORD }), "UserNotFoundException");
ok("recover the password with the code from the inbox, and leave");

const guest = someone("guest");
await call("AdminCreateUser", {
  UserPoolId: pool,
  Username: guest,
  TemporaryPassword: "Temporary-pass-3",
  MessageAction: "SUPPRESS",
});
const invited = await signIn({ username: guest, password: "Temporary-pass-3" });
assert.equal(invited.nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED");
done(await confirmSignIn({ challengeResponse: "Chosen-myself-4", options: { userAttributes: { email: guest } } }));
assert.equal((await fetchUserAttributes()).email, guest);
ok("be invited and choose a password");

// A client whose refresh tokens serve once: Amplify keeps the one that comes with each refresh.
const rotating = await call("CreateUserPoolClient", {
  UserPoolId: pool,
  ClientName: "rotating",
  ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH"],
  RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds: 0 },
});
await signOut();
const userPoolClientId = rotating.UserPoolClient.ClientId;
configure(pool, userPoolClientId);
done(await signIn({ username: guest, password: "Chosen-myself-4" }));
for (const _ of [1, 2]) {
  const { tokens: next } = await fetchAuthSession({ forceRefresh: true });
  assert.equal(next.accessToken.payload.client_id, userPoolClientId);
}
await signOut();
ok("refresh twice with tokens that rotate");

await call("DeleteUserPool", { UserPoolId: pool });

// Choosing how to sign in, and an authenticator app on top, as an application on Amplify v6 does it: @aws-amplify/auth.

import assert from "node:assert/strict";

import {
  autoSignIn,
  confirmSignIn,
  confirmSignUp,
  fetchAuthSession,
  fetchMFAPreference,
  fetchUserAttributes,
  setUpTOTP,
  signIn,
  signOut,
  signUp,
  updateMFAPreference,
  verifyTOTPSetup,
} from "@aws-amplify/auth";

import { configure, done, refused, step } from "./shared/amplify.mjs";
import { shown } from "./shared/app.mjs";
import { call, code, ok, poolAndClient, someone } from "./shared/dev.mjs";

const PASSWORD = "Correct-horse-1";

const { pool } = await poolAndClient();
await call("UpdateUserPool", {
  UserPoolId: pool,
  AutoVerifiedAttributes: ["email"],
  Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "EMAIL_OTP"] } },
});
const { UserPoolClient } = await call("CreateUserPoolClient", {
  UserPoolId: pool,
  ClientName: "choice",
  ExplicitAuthFlows: ["ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
});
const client = UserPoolClient.ClientId;
configure(pool, client);

const username = someone("ada");
await call("AdminCreateUser", {
  UserPoolId: pool,
  Username: username,
  UserAttributes: [{ Name: "email", Value: username }],
  MessageAction: "SUPPRESS",
});
await call("AdminSetUserPassword", { UserPoolId: pool, Username: username, Password: PASSWORD, Permanent: true });

const begin = (options = {}) => signIn({ username, options: { authFlowType: "USER_AUTH", ...options } });
const byPassword = (password, preferredChallenge) =>
  signIn({ username, password, options: { authFlowType: "USER_AUTH", preferredChallenge } });
/** What the access token says was proved. */
const proved = async () => (await fetchAuthSession()).tokens.accessToken.payload.amr;

const sent = step(await begin({ preferredChallenge: "EMAIL_OTP" }), "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
assert.equal(sent.codeDeliveryDetails.deliveryMedium, "EMAIL");
assert.equal(sent.codeDeliveryDetails.destination, "a***@e***");
await refused(confirmSignIn({ challengeResponse: "00000000" }), "CodeMismatchException");
done(await confirmSignIn({ challengeResponse: await code(username) }));
assert.deepEqual(await proved(), ["email_otp"]);
assert.equal((await fetchUserAttributes()).email_verified, "true");
await signOut();
ok("sign in with a code by e-mail, which proves the address too");

for (const factor of ["PASSWORD_SRP", "PASSWORD"]) {
  await refused(byPassword(`${PASSWORD}!`, factor), "NotAuthorizedException");
  done(await byPassword(PASSWORD, factor));
  assert.deepEqual(await proved(), ["pwd"]);
  await signOut();
}
ok("sign in with a preferred password, proved and plain");

const offered = step(await begin(), "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION");
assert.deepEqual(offered.availableChallenges, ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP"]);
step(await confirmSignIn({ challengeResponse: "EMAIL_OTP" }), "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
done(await confirmSignIn({ challengeResponse: await code(username, 1) }));
await signOut();
for (const factor of ["PASSWORD_SRP", "PASSWORD"]) {
  step(await begin(), "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION");
  step(await confirmSignIn({ challengeResponse: factor }), "CONFIRM_SIGN_IN_WITH_PASSWORD");
  await refused(confirmSignIn({ challengeResponse: `${PASSWORD}!` }), "NotAuthorizedException");
  done(await confirmSignIn({ challengeResponse: PASSWORD }));
  assert.deepEqual(await proved(), ["pwd"]);
  await signOut();
}
ok("choose among the factors that are offered");

const newcomer = someone("grace");
const autoSignInBy = { authFlowType: "USER_AUTH", preferredChallenge: "EMAIL_OTP" };
await signUp({ username: newcomer, options: { userAttributes: { email: newcomer }, autoSignIn: autoSignInBy } });
const confirmed = await confirmSignUp({ username: newcomer, confirmationCode: await code(newcomer) });
assert.equal(confirmed.nextStep.signUpStep, "COMPLETE_AUTO_SIGN_IN");
// This client hands no session of the sign-up over to the confirmation, so that a code of its own proves who signs in.
step(await autoSignIn(), "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
done(await confirmSignIn({ challengeResponse: await code(newcomer, 1) }));
assert.deepEqual(await proved(), ["email_otp"]);
await signOut();
ok("sign up without a password, and in with a code");

await call("SetUserPoolMfaConfig", {
  UserPoolId: pool,
  MfaConfiguration: "OPTIONAL",
  SoftwareTokenMfaConfiguration: { Enabled: true },
});
done(await signIn({ username, password: PASSWORD }));
const { sharedSecret, getSetupUri } = await setUpTOTP();
assert.equal(getSetupUri("Cognate", username).searchParams.get("secret"), sharedSecret);
await refused(verifyTOTPSetup({ code: shown(sharedSecret, 9) }), "EnableSoftwareTokenMFAException");
await verifyTOTPSetup({ code: shown(sharedSecret, -1) });
await updateMFAPreference({ totp: "PREFERRED" });
assert.deepEqual(await fetchMFAPreference(), { enabled: ["TOTP"], preferred: "TOTP" });
await signOut();
step(await signIn({ username, password: PASSWORD }), "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
done(await confirmSignIn({ challengeResponse: shown(sharedSecret) }));
assert.deepEqual((await proved()).toSorted(), ["mfa", "otp", "pwd"]);
await signOut();
// A code that stands for a password is never followed by a second factor: it is not offered any more.
const left = step(await begin({ preferredChallenge: "EMAIL_OTP" }), "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION");
assert.deepEqual(left.availableChallenges, ["PASSWORD_SRP", "PASSWORD"]);
step(await confirmSignIn({ challengeResponse: "PASSWORD_SRP" }), "CONFIRM_SIGN_IN_WITH_PASSWORD");
step(await confirmSignIn({ challengeResponse: PASSWORD }), "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
done(await confirmSignIn({ challengeResponse: shown(sharedSecret, 1) }));
await signOut();
ok("set an authenticator app up and sign in with it, whichever way the password is proved");

// Where the pool demands a second factor, a user without one sets it up on the way in.
const strict = await poolAndClient();
await call("SetUserPoolMfaConfig", {
  UserPoolId: strict.pool,
  MfaConfiguration: "ON",
  SoftwareTokenMfaConfiguration: { Enabled: true },
});
await call("AdminCreateUser", { UserPoolId: strict.pool, Username: username, MessageAction: "SUPPRESS" });
await call("AdminSetUserPassword", {
  UserPoolId: strict.pool,
  Username: username,
  Password: PASSWORD,
  Permanent: true,
});
configure(strict.pool, strict.client);
const setup = step(await signIn({ username, password: PASSWORD }), "CONTINUE_SIGN_IN_WITH_TOTP_SETUP");
const { sharedSecret: secret } = setup.totpSetupDetails;
done(await confirmSignIn({ challengeResponse: shown(secret) }));
await signOut();
ok("set an authenticator app up in the middle of a sign-in");

await call("DeleteUserPool", { UserPoolId: strict.pool });
await call("DeleteUserPool", { UserPoolId: pool });
// Amplify looks for a confirmed sign-up by a timer for minutes on.
process.exit();

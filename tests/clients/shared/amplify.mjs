// An application on Amplify v6.

import assert from "node:assert/strict";

import { cognitoUserPoolsTokenProvider } from "@aws-amplify/auth/cognito";
import { Amplify } from "@aws-amplify/core";

import { ENDPOINT } from "./dev.mjs";

/** What `Amplify.configure` of the package aws-amplify does, which brings analytics, storage and more along. */
export function configure(userPoolId, userPoolClientId) {
  const Auth = { Cognito: { userPoolId, userPoolClientId, userPoolEndpoint: ENDPOINT } };
  cognitoUserPoolsTokenProvider.setAuthConfig(Auth);
  Amplify.configure({ Auth }, { Auth: { tokenProvider: cognitoUserPoolsTokenProvider } });
}

export const refused = (promised, name) =>
  assert.rejects(promised, (error) => error.name === name || assert.fail(`${error.name}: ${error.message}`));

/** The next step of a sign-in, which must be that one. */
export function step({ nextStep }, expected) {
  assert.equal(nextStep.signInStep, expected);
  return nextStep;
}

export const done = (signIn) => step(signIn, "DONE");

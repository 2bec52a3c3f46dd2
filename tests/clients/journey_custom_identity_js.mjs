// Signing in by a riddle, with and without a password first, as browsers do it: amazon-cognito-identity-js. The functions
// that ask are here, where the server looks for AWS Lambda.

import assert from "node:assert/strict";
import { createServer } from "node:http";

import identity from "amazon-cognito-identity-js";

import { ENDPOINT, call, ok, someone } from "./shared/dev.mjs";

const { AuthenticationDetails, CognitoUser, CognitoUserPool } = identity;

const PASSWORD = "Correct-horse-1";
const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:riddle";

/** What each function answers. */
const functions = {
  DefineAuthChallenge({ session }) {
    const last = session.at(-1);
    if (last?.challengeName === "SRP_A") return { challengeName: "PASSWORD_VERIFIER" };
    if (last?.challengeName === "CUSTOM_CHALLENGE" && last.challengeResult) return { issueTokens: true };
    const riddles = session.filter((round) => round.challengeName === "CUSTOM_CHALLENGE");
    return riddles.length < 3 ? { challengeName: "CUSTOM_CHALLENGE" } : { failAuthentication: true };
  },
  CreateAuthChallenge: () => ({
    publicChallengeParameters: { question: "6 x 7" },
    privateChallengeParameters: { answer: "42" },
    challengeMetadata: "RIDDLE",
  }),
  VerifyAuthChallengeResponse: ({ challengeAnswer, privateChallengeParameters }) => ({
    answerCorrect: challengeAnswer === privateChallengeParameters.answer,
  }),
};

/** The events of the sign-in at hand. */
let events = [];

/** Runs functions as Lambda's Invoke API does. */
const lambda = createServer(async (request, response) => {
  assert.equal(decodeURIComponent(request.url), `/2015-03-31/functions/${FUNCTION}/invocations`);
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const event = JSON.parse(Buffer.concat(chunks));
  events.push(event);
  const answer = functions[event.triggerSource.split("_")[0]](event.request);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ ...event, response: { ...event.response, ...answer } }));
});
const [host, port] = process.env.COGNATE_LAMBDA.split(":");
await new Promise((listening) => lambda.listen(Number(port), host, listening));

const { UserPool } = await call("CreateUserPool", {
  PoolName: "riddles",
  LambdaConfig: Object.fromEntries(Object.keys(functions).map((trigger) => [trigger, FUNCTION])),
});
const { UserPoolClient } = await call("CreateUserPoolClient", {
  UserPoolId: UserPool.Id,
  ClientName: "web",
  ExplicitAuthFlows: ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
});
const pool = new CognitoUserPool({ UserPoolId: UserPool.Id, ClientId: UserPoolClient.ClientId, endpoint: ENDPOINT });
const username = someone("ada");
await call("AdminCreateUser", { UserPoolId: UserPool.Id, Username: username, MessageAction: "SUPPRESS" });
await call("AdminSetUserPassword", {
  UserPoolId: UserPool.Id,
  Username: username,
  Password: PASSWORD,
  Permanent: true,
});

/** Where a step of a sign-in comes to: `{ session }` or `{ asked }`. */
const step = (start) =>
  new Promise((resolve, reject) =>
    start({
      onSuccess: (session) => resolve({ session }),
      onFailure: reject,
      customChallenge: (asked) => resolve({ asked }),
    }),
  );

/** Begins to sign in: with the proof of that password, or without one. */
async function begin(Password) {
  events = [];
  const user = new CognitoUser({ Username: username, Pool: pool });
  user.setAuthenticationFlowType("CUSTOM_AUTH");
  const details = new AuthenticationDetails({ Username: username, Password });
  const came = await step((to) => (Password ? user.authenticateUser(details, to) : user.initiateAuth(details, to)));
  const answer = (text) => step((to) => user.sendCustomChallengeAnswer(text, to, { tenant: "t1" }));
  return { came, answer };
}

const refused = (promised) =>
  assert.rejects(promised, (error) => {
    assert.equal(`${error.code}: ${error.message}`, "NotAuthorizedException: Incorrect username or password.");
    return true;
  });

/** The rounds that DefineAuthChallenge was told last. */
const rounds = () => events.filter((event) => event.triggerSource.startsWith("Define")).at(-1).request.session;

const bare = await begin();
assert.deepEqual(bare.came.asked, { question: "6 x 7", USERNAME: username });
const again = await bare.answer("41");
assert.equal(again.asked.question, "6 x 7");
const { session } = await bare.answer("42");
assert.ok(session.isValid());
assert.equal(session.getIdToken().payload["cognito:username"], username);
const round = (challengeResult) => ({ challengeName: "CUSTOM_CHALLENGE", challengeResult, challengeMetadata: "RIDDLE" });
assert.deepEqual(rounds(), [round(false), round(true)]);
assert.deepEqual(events.at(-1).request.clientMetadata, { tenant: "t1" });
ok("answer a riddle, wrong and then right");

await assert.rejects(begin(`${PASSWORD}!`), (error) => error.code === "NotAuthorizedException");
const proved = await begin(PASSWORD);
assert.equal(proved.came.asked.question, "6 x 7");
const passed = (challengeName) => ({ challengeName, challengeResult: true, challengeMetadata: null });
assert.deepEqual(rounds(), [passed("SRP_A"), passed("PASSWORD_VERIFIER")]);
assert.ok((await proved.answer("42")).session.isValid());
ok("prove a password, then answer a riddle");

const guessing = await begin();
await guessing.answer("1");
await guessing.answer("2");
await refused(guessing.answer("3"));
ok("three wrong answers end a sign-in");

await call("DeleteUserPool", { UserPoolId: UserPool.Id });
lambda.closeAllConnections();
lambda.close();

// What every JavaScript journey needs of a `cognate dev`: where it is, its API, what it sent, a word for what went well.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

export const ENDPOINT = process.env.COGNATE_ENDPOINT.replace(/\/$/, "");
const INBOX = process.env.COGNATE_INBOX.replace(/\/$/, "");
const REGION = "eu-central-1";

/** An administrator's call; `cognate dev` takes any signature. */
export async function call(operation, input) {
  const scope = `test/20260101/${REGION}/cognito-idp/aws4_request`;
  const answer = await fetch(ENDPOINT, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${"0".repeat(64)}`,
    },
    body: JSON.stringify(input),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, `${operation}: ${text}`);
  return text ? JSON.parse(text) : {};
}

/** A pool whose users have an e-mail address, and a public client of it. */
export async function poolAndClient() {
  const { UserPool } = await call("CreateUserPool", { PoolName: "journey", AutoVerifiedAttributes: ["email"] });
  const { UserPoolClient } = await call("CreateUserPoolClient", {
    UserPoolId: UserPool.Id,
    ClientName: "web",
    ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  });
  return { pool: UserPool.Id, client: UserPoolClient.ClientId };
}

export const someone = (name) => `${name}.${randomUUID().slice(0, 8)}@example.com`;

/** The code of the newest message to this address, once there are more than `after` of them. */
export async function code(to, after = 0) {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(`${INBOX}/messages?${new URLSearchParams({ to })}`);
    const sent = await answer.json();
    if (sent.length > after) return sent[0].code;
    await sleep(50);
  }
  return assert.fail(`no message to ${to} within 10 s`);
}

export const ok = (step) => console.log(`ok ${step}`);

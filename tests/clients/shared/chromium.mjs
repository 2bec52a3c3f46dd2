// Headless Chromium with a virtual authenticator, driven by the DevTools protocol over a pipe.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--remote-debugging-pipe",
  // Only what the journey itself serves exists.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
];

/** Starts the first of the programs that is there. */
async function start(profile) {
  for (const program of PROGRAMS) {
    const started = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    const running = await new Promise((settle) => {
      started.once("spawn", () => settle(true));
      started.once("error", () => settle(false));
    });
    if (running) return started;
  }
  return assert.fail(`none of ${PROGRAMS.join(", ")} is installed; run cargo xtask setup --browser`);
}

/** A browser with one page. `send` speaks to the browser, `page` to the page, `run` runs a script in the page. */
export async function browser() {
  const profile = mkdtempSync(path.join(tmpdir(), "cognate-chromium-"));
  const process = await start(profile);
  const [commands, answers] = [process.stdio[3], process.stdio[4]];
  const waiting = new Map();
  let last = 0;
  let rest = "";
  answers.setEncoding("utf8");
  answers.on("data", (chunk) => {
    const messages = (rest + chunk).split("\0");
    rest = messages.pop();
    for (const message of messages.map((text) => JSON.parse(text))) {
      const answer = waiting.get(message.id);
      if (!answer) continue;
      waiting.delete(message.id);
      if (message.error) answer.reject(new Error(`${answer.method}: ${message.error.message}`));
      else answer.resolve(message.result);
    }
  });
  process.once("exit", () => waiting.forEach((answer) => answer.reject(new Error("the browser ended"))));
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject, method });
      commands.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });

  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const page = (method, params) => send(method, params, sessionId);
  return {
    page,

    /** Shows that page. */
    async open(url) {
      await page("Page.navigate", { url });
      for (;;) {
        const { result } = await page("Runtime.evaluate", {
          expression: "document.readyState === 'complete' && location.href",
        });
        if (typeof result.value === "string" && result.value.startsWith(url)) return;
        await new Promise((later) => setTimeout(later, 20));
      }
    },

    /** Calls a function in the page with arguments that are JSON, as if the user had just touched it. */
    async run(script, ...given) {
      const { result, exceptionDetails } = await page("Runtime.evaluate", {
        expression: `(${script})(...${JSON.stringify(given)})`,
        awaitPromise: true,
        returnByValue: true,
        userGesture: true,
      });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },

    /** Ends the browser and forgets everything it kept. */
    async close() {
      const ended = new Promise((settle) => process.once("exit", settle));
      await send("Browser.close").catch(() => process.kill());
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

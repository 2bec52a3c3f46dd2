// A document's script in a page of Chromium at http://localhost: read from standard input, its result printed as JSON.

import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

import { browser } from "./chromium.mjs";

const { script, given } = JSON.parse(await text(process.stdin));
const site = createServer((_, response) => {
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><title>a page</title>");
});
site.listen(0, "127.0.0.1");
await once(site, "listening");
const chromium = await browser();
try {
  await chromium.page("WebAuthn.enable", {});
  await chromium.page("WebAuthn.addVirtualAuthenticator", {
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
  const result = await chromium.run(`async ({ ${Object.keys(given).join(", ")} }) => {\n${script}\n}`, given);
  console.log(JSON.stringify(result ?? null));
} finally {
  await chromium.close();
  site.close();
}

"""Every example of the guides to signing in and to threat protection, each page as the one script it says it is."""

import hashlib
import json
import re

from shared.dev import ENDPOINT, ok
from shared.document import ADDRESS, Document, Workshop, free_port, in_page, python, wait_for

guide = Document("docs/guides/signing-in.md")
blocks = [guide.take("python", "def answer")]
while guide.left("python"):
    blocks.append(guide.take("python"))
    if "start_web_authn_registration" in blocks[-1]:
        # What the page needs; the script goes on when the page is done.
        blocks.append("print(json.dumps([access, client_id, options], default=str))\ninput('in the page: ')\n")
page = guide.take("js", "usePasskey") + """
    const USERNAME = "ada@example.com";
    async function call(operation, body) {
      const headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
      };
      const answer = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(await answer.text());
      return answer.json();
    }
    await call("CompleteWebAuthnRegistration", { AccessToken, Credential: await makePasskey(options) });
    const challenge = await call("InitiateAuth", {
      ClientId, AuthFlow: "USER_AUTH", AuthParameters: { USERNAME, PREFERRED_CHALLENGE: "WEB_AUTHN" },
    });
    const CREDENTIAL = await usePasskey(challenge);
    return call("RespondToAuthChallenge", {
      ClientId, ChallengeName: "WEB_AUTHN", Session: challenge.Session, ChallengeResponses: { USERNAME, CREDENTIAL },
    });
"""


def in_browser(said):
    access, client, options = json.loads(said.splitlines()[-2])
    done = in_page(page, endpoint=ENDPOINT, AccessToken=access, ClientId=client, options=options)
    return done["AuthenticationResult"]["TokenType"]


said = python("".join(blocks).replace(ADDRESS, ENDPOINT), [("in the page: ", in_browser)]).splitlines()
wanted = ["signed in with two factors", "may be chosen", "signed in by mail", "[", "in the page", "a new device"]
wanted.append("sessions")
assert [line.startswith(start) for line, start in zip(said, wanted)] == [True] * len(wanted), said
guide.close()
ok("the guide to signing in runs: TOTP, a code by e-mail, a passkey in a page, devices, sessions")

guide = Document("docs/guides/threat-protection.md")
with Workshop() as workshop:
    endpoint = workshop.dev("cognate dev --data guide-data")
    said = python(guide.take_all("python").replace(ADDRESS, endpoint) + "print(pool_id)\n").splitlines()
    wanted = [
        "refused: Unable to login because of security reasons.",
        "[('Fail', 'Medium'), ('Pass', None)]",
        "let in after feedback",
        "refused: Request not allowed due to security reasons.",
        "refused: Provided password cannot be used for security reasons.",
    ]
    assert said[:-1] == wanted, said
    ok("the guide to threat protection runs: risk, feedback, addresses, breached passwords")

    command, headline, *reasons = guide.take("console", "explain").splitlines()
    printed = workshop.run(command.removeprefix("$ ").replace("us-east-1_abcdefghi", said[-1]))
    assert re.search(r"Z  (.*)  ", headline).group(1) in printed, printed
    for reason in reasons:
        assert f"\n{reason}\n" in printed, (reason, printed)
    ok("its reasons are printed as the guide shows them")

with Workshop() as workshop:
    breached = ["hunter2", "letmein", "Password123!"]
    hashes = (hashlib.sha1(one.encode()).hexdigest().upper() for one in breached)
    workshop.write("".join(f"{one}:7\n" for one in hashes), "pwned-passwords.txt")
    workshop.write("hunter2\nnobody ever had this one\n", "passwords.txt")
    port, metrics = free_port(), free_port()
    workshop.write(f'[server]\nlisten = "127.0.0.1:{port}"\nmetrics_listen = "127.0.0.1:{metrics}"\n', "prod.toml")
    build, check, serve = (line.removeprefix("$ ") for line in guide.take("console", "breach-list").splitlines())
    workshop.run(build)
    assert "holds 1 of 2 given" in workshop.run(check)
    workshop.start(serve)
    wait_for(f"http://127.0.0.1:{metrics}/health/ready")
guide.close()
ok("its list of breached passwords is built, checked and served with")

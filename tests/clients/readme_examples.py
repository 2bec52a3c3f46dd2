"""Every example of the README, as it stands there but for addresses and files."""

import base64
import hmac
import json
import re
import struct
import time
import uuid

import boto3

from shared.dev import ENDPOINT, ok
from shared.document import ADDRESS, ROOT, Document, Workshop, free_port, in_page, python, wait_for
from shared.smtp import Mailbox

readme = Document("README.md")


def api(endpoint):
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return boto3.client("cognito-idp", endpoint_url=endpoint, region_name="us-east-1", **keys)


def app(said, step):
    """What an authenticator app shows: RFC 6238, in a thirty seconds' step of its own."""
    secret = re.search(r"Add ([A-Z2-7]+) to", said).group(1)
    now = struct.pack(">Q", int(time.time()) // 30 + step)
    mac = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), now, "sha1")
    return f"{(struct.unpack_from('>I', mac, mac[-1] & 15)[0] & 0x7FFFFFFF) % 1_000_000:06d}"


install, start = readme.take("sh", "cognate dev").splitlines()
assert "--path crates/server" in install and 'name = "cognate"' in ROOT.joinpath("crates/server/Cargo.toml").read_text()
with Workshop() as workshop:
    wait_for(f"{workshop.dev(start)}/inbox")
    assert workshop.path.joinpath(".cognate").is_dir()
ok("the README's server starts, with its data in .cognate and an inbox")

address = f"ada.{uuid.uuid4().hex[:8]}@example.com"
scripts = [readme.take("python", mark) for mark in ("import boto3", "associate_software_token")]
script = "".join([*scripts, "print(json.dumps({'AccessToken': access, 'ClientId': client_id}))"])
script = script.replace(ADDRESS, ENDPOINT).replace("ada@example.com", address)
asked = [("app. It shows: ", lambda said: app(said, 0)), ("next it shows: ", lambda said: app(said, 1))]
said = python(script, asked).splitlines()
assert said[0].startswith(f"verified: {address} signed in until "), said
assert said[-2].endswith("signed in with two factors"), said
ok("the README's boto3 example goes from CreateUserPool to a verified token, and to a second factor")

page = readme.take("js", "navigator.credentials").replace(ADDRESS, ENDPOINT).replace("ada@example.com", address)
result = in_page(page + "return AuthenticationResult;", **json.loads(said[-1]))
assert api(ENDPOINT).get_user(AccessToken=result["AccessToken"])["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]
ok("the README's page makes a passkey and signs in with it, without another factor")

with Workshop() as workshop:
    printed = workshop.run(readme.take("sh", "aws cognito-idp").replace(ADDRESS, ENDPOINT))
    assert printed.rstrip().endswith('"Bearer"'), printed
ok("the README's AWS CLI example signs a user in")

with Workshop() as workshop:
    workshop.write(readme.take("js", "// check.mjs"))
    printed = workshop.run(readme.take("sh", "cognate triggers test"))
    assert '"autoConfirmUser": true' in printed, printed
    workshop.write(readme.take("toml", "# dev.toml"))
    cognito = api(workshop.dev("cognate dev --config dev.toml"))
    exec(readme.take("python", "LambdaConfig"), {"cognito": cognito})
    pool = cognito.list_user_pools(MaxResults=1)["UserPools"][0]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="web")["UserPoolClient"]["ClientId"]
    for domain, confirmed in [("example.com", True), ("elsewhere.example", False)]:
        mail = [{"Name": "email", "Value": f"ada@{domain}"}]
        signed_up = cognito.sign_up(ClientId=client, Username=domain, Password="Correct-horse-1", UserAttributes=mail)
        assert signed_up["UserConfirmed"] == confirmed, domain
ok("the README's trigger is tried, and lets colleagues in")

with Workshop() as workshop:
    keys, doctor, serve = readme.take("sh", "cognate serve").splitlines()
    assert "Access key id:" in workshop.run(keys)
    assert "ok    master key" in workshop.run(doctor)
    port, metrics = free_port(), free_port()
    workshop.start(f"{serve} --set server.listen=127.0.0.1:{port} --set server.metrics_listen=127.0.0.1:{metrics}")
    wait_for(f"http://127.0.0.1:{metrics}/health/ready")
ok("the README's production server has a first key and serves")

with Workshop() as workshop:
    mailbox = Mailbox()
    settings = readme.take("toml", "# prod.toml")
    workshop.write("a password\n", "smtp")
    workshop.write(settings.replace("/run/secrets/smtp", "smtp").replace("smtp.shop.example", "127.0.0.1"))
    there = f"--set mail.smtp_port={mailbox.port} --set mail.smtp_tls=none"
    cognito = api(workshop.dev(f"cognate dev --memory --config prod.toml {there}"))
    pool = cognito.create_user_pool(PoolName="mailed", AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="web")["UserPoolClient"]["ClientId"]
    mail = [{"Name": "email", "Value": "ada@example.com"}]
    cognito.sign_up(ClientId=client, Username="ada", Password="Correct-horse-1", UserAttributes=mail)
    assert mailbox.logins == [["shop", "a password"]], mailbox.logins
    assert [message["From"] for message in mailbox.messages] == ["Shop <no-reply@shop.example>"]
    code = re.search(r"\d{6}", mailbox.messages[0].get_body(["plain"]).get_content()).group()
    cognito.confirm_sign_up(ClientId=client, Username="ada", ConfirmationCode=code)
ok("the README's SMTP settings send a code that confirms")

assert readme.take("sh", "xtask") == "cargo xtask test\n"
readme.close()

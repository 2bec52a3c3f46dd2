"""Every example of the guide to messages: settings that are loaded and send, and the check of a webhook's signature."""

import json
import urllib.parse

import boto3

from shared.dev import ok
from shared.document import Document, Endpoint, Workshop
from shared.smtp import Mailbox

guide = Document("docs/guides/messages.md")
PHONE = "+15555550100"


def sign_up(workshop, settings, reach, *flags, **pool):
    """A sign-up at a server with these settings: what is verified is `reach`."""
    workshop.write(settings, "prod.toml")
    endpoint = workshop.dev(" ".join(["cognate dev --memory --config prod.toml", *flags]))
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    cognito = boto3.client("cognito-idp", endpoint_url=endpoint, region_name="us-east-1", **keys)
    name = "phone_number" if reach.startswith("+") else "email"
    pool = cognito.create_user_pool(PoolName="messages", AutoVerifiedAttributes=[name], **pool)["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="web")["UserPoolClient"]["ClientId"]
    attributes = [{"Name": name, "Value": reach}]
    cognito.sign_up(ClientId=client, Username="ada", Password="Correct-horse-1", UserAttributes=attributes)


texting = {"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms", "SnsRegion": "us-east-1"}}

with Workshop() as workshop:
    mailbox = Mailbox()
    workshop.write("a password\n", "smtp")
    settings = guide.take("toml", '"smtp"').replace("/run/secrets/smtp", "smtp")
    assert 'smtp_tls = "starttls"' in settings
    settings = settings.replace("smtp.shop.example", "127.0.0.1").replace('smtp_tls = "starttls"', 'smtp_tls = "none"')
    there = f"--set mail.smtp_port={mailbox.port}"
    workshop.write(settings, "prod.toml")
    assert "ok    mail" in workshop.run(f"cognate doctor --config prod.toml {there}")
    assert mailbox.logins.pop() == ["shop", "a password"]
    sign_up(workshop, settings, "ada@example.com", there)
    assert mailbox.logins == [["shop", "a password"]], mailbox.logins
    assert [message["From"] for message in mailbox.messages] == ["Shop <no-reply@shop.example>"]
ok("mail goes by SMTP")

with Workshop() as workshop:
    ses = Endpoint()
    sign_up(workshop, guide.take("toml", '"ses"'), "ada@example.com", f"--set mail.ses_endpoint={ses.url}")
    (request,) = ses.requests
    assert request.path == "/v2/email/outbound-emails", request.path
    assert "Credential=AKIAIOSFODNN7EXAMPLE/" in request.headers["authorization"]
    assert json.loads(request.body)["FromEmailAddress"] == "Shop <no-reply@shop.example>"
ok("mail goes by SES")

with Workshop() as workshop:
    sns = Endpoint()
    sign_up(workshop, guide.take("toml", '"sns"'), PHONE, f"--set sms.sns_endpoint={sns.url}", **texting)
    (request,) = sns.requests
    form = dict(urllib.parse.parse_qsl(request.body.decode()))
    assert (form["Action"], form["PhoneNumber"]) == ("Publish", PHONE), form
ok("text messages go by SNS")

recipe = {}
exec(guide.take("python", "def is_genuine"), recipe)
is_genuine = recipe["is_genuine"]
shown = {}
rest = guide.take("json", '"medium"').strip()
while rest:
    message, end = json.JSONDecoder().raw_decode(rest)
    shown[message["medium"]], rest = message, rest[end:].lstrip()

webhook = guide.take("toml", '"webhook"')
secret = "a secret of the two of them"
for section, medium, reach in [("sms", "SMS", PHONE), ("mail", "EMAIL", "ada@example.com")]:
    with Workshop() as workshop:
        hook = Endpoint()
        workshop.write(f"{secret}\n", "secret")
        settings = webhook.replace("https://gateway.example", hook.url).replace("/run/secrets/sms-webhook", "secret")
        sign_up(workshop, settings.replace("[sms]", f"[{section}]"), reach, **texting)
        (request,) = hook.requests
        sent = json.loads(request.body)
        assert sent.keys() == shown[medium].keys() and sent["medium"] == medium, sent
        assert sent["to"] == reach and sent["code"] in sent["text"], sent
        signed = request.headers["x-cognate-timestamp"], request.headers["x-cognate-signature"]
        assert is_genuine(secret.encode(), *signed, request.body)
        assert not is_genuine(b"another secret altogether", *signed, request.body)
        assert not is_genuine(secret.encode(), *signed, request.body + b" ")
    ok(f"{medium} goes by webhook, in the form shown, and its signature is checked by the recipe")
guide.close()

"""Every example of the guide to triggers: functions, programs, webhooks, an endpoint like Lambda's, custom senders."""

import json
import urllib.parse

import boto3

from shared.dev import ok
from shared.document import ADDRESS, Document, Endpoint, Workshop, free_port, wait_for

guide = Document("docs/guides/triggers.md")


def api(endpoint):
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return boto3.client("cognito-idp", endpoint_url=endpoint, region_name="us-east-1", **keys)


def signed_up(cognito, pool, name, domain="example.com"):
    """Whether somebody who signs up there is confirmed at once."""
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="web")["UserPoolClient"]["ClientId"]
    mail = [{"Name": "email", "Value": f"{name}@{domain}"}]
    made = cognito.sign_up(ClientId=client, Username=name, Password="Correct-horse-1", UserAttributes=mail)
    return made["UserConfirmed"]


with Workshop() as workshop:
    event = json.loads(workshop.run(guide.take("sh", "triggers events")))
    assert event["triggerSource"] == "PreSignUp_SignUp", event
    workshop.write(guide.take("js", "// check.mjs"))
    printed = workshop.run(guide.take("sh", "node check.mjs"))
    assert '"autoConfirmUser": true' in printed, printed
    ok("the guide's function is tried")

    workshop.write(guide.take("toml", "# dev.toml"))
    start, create = guide.take("sh", "cognate dev").split("\n", 1)
    endpoint = workshop.dev(start)
    pool = json.loads(workshop.run(create.replace(ADDRESS, endpoint)))["UserPool"]["Id"]
    assert signed_up(api(endpoint), pool, "ada")
    try:
        signed_up(api(endpoint), pool, "eve", "elsewhere.example")
        raise AssertionError("eve was let in")
    except api(endpoint).exceptions.UserLambdaValidationException as refused:
        assert refused.response["message"] == "PreSignUp failed with error Domain not allowed.", refused
ok("`cognate dev` runs it")

settings = guide.take("toml", "triggers.webhooks")
secret, start, test = guide.take("sh", "hook.py").splitlines()
hooks = [(guide.take("python", "# hook.py"), start), (guide.take("js", "// hook.mjs"), "node hook.mjs 8800 &")]
for hook, start in hooks:
    with Workshop() as workshop:
        workshop.write(hook)
        workshop.run(secret)
        address = f"127.0.0.1:{free_port()}"
        workshop.start(start.removesuffix(" &").replace("8800", address.split(":")[1]))
        wait_for(f"http://{address}/")
        printed = workshop.run(test.replace("127.0.0.1:8800", address))
        assert '"autoConfirmUser": true' in printed, printed
        workshop.write("somebody else's secret\n", "other.secret")
        other = test.replace("127.0.0.1:8800", address).replace("check.secret", "other.secret")
        printed = workshop.run(other, refused=True)
        assert "HTTP 401" in printed, printed

        served = settings.replace("https://hooks.example.com/check", f"http://{address}/check")
        workshop.write(served.replace("/etc/cognate/check.secret", "check.secret"), "hook.toml")
        cognito = api(workshop.dev("cognate dev --memory --config hook.toml"))
        function = "arn:aws:lambda:eu-west-1:000000000000:function:check"
        assert function in settings
        pool = cognito.create_user_pool(PoolName="hooked", LambdaConfig={"PreSignUp": function})["UserPool"]["Id"]
        assert signed_up(cognito, pool, "ada")
    ok(f"the webhook answers who signs, and nobody else: {start.removesuffix(' 8800 &')}")


def invoked(request):
    """As Lambda's Invoke API answers: the function returns the event."""
    path = "/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:Welcome/invocations"
    assert urllib.parse.unquote(request.path) == path, request.path
    return 200, request.body


with Workshop() as workshop:
    local = Endpoint(invoked)
    test = guide.take("sh", "function:Welcome").replace("http://127.0.0.1:3001", local.url)
    assert "would be taken" in workshop.run(test)
    workshop.write(guide.take("toml", "start-lambda").replace("http://127.0.0.1:3001", local.url), "local.toml")
    by_file = test.replace(f"--set triggers.endpoint={local.url}", "--config local.toml")
    assert by_file != test and "would be taken" in workshop.run(by_file)
    assert len(local.requests) == 2
ok("functions are called at an endpoint that speaks Lambda's Invoke API")

with Workshop() as workshop:
    workshop.run(guide.take("sh", "sender.key"))
    workshop.write(guide.take("toml", "encryption_key_file"), "sender.toml")
    workshop.write(guide.take("python", "# sender.py"))
    test = guide.take("sh", "sender.py")
    by_file = test.replace("--set triggers.encryption_key_file=sender.key", "--config sender.toml")
    assert by_file != test
    for command in (test, by_file):
        # On a busy machine importing the SDK may take longer than a function has.
        tried = (workshop.run(f"{command.rstrip()} 2>&1 || true") for _ in range(5))
        assert any("send 123456 to ada@example.com" in printed for printed in tried), command
guide.close()
ok("the custom sender opens its code by the official Encryption SDK")

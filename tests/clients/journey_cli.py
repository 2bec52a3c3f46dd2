"""From CreateUserPool to a verified user, with the AWS CLI alone."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

from shared.dev import ENDPOINT, REGION, code, ok

AWS = Path(sys.executable).with_name("aws")
# Nothing of the machine's own AWS configuration may leak in.
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_PAGER": "",
    "AWS_MAX_ATTEMPTS": "1",
}
EMAIL = f"grace.{uuid.uuid4().hex[:8]}@example.com"
PASSWORD = "Correct-horse-1"


def run(*arguments):
    command = [sys.executable, AWS, "--endpoint-url", ENDPOINT, "--output", "json", "cognito-idp", *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)


def aws(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, f"aws cognito-idp {arguments[0]}: {done.stderr}"
    return json.loads(done.stdout) if done.stdout.strip() else {}


def refused(name, *arguments):
    done = run(*arguments)
    assert done.returncode != 0 and f"({name})" in done.stderr, f"expected {name}, got: {done.stderr or done.stdout}"


def sign_in(client):
    parameters = json.dumps({"USERNAME": EMAIL, "PASSWORD": PASSWORD})
    return "initiate-auth", "--client-id", client, "--auth-flow", "USER_PASSWORD_AUTH", "--auth-parameters", parameters


def main():
    pool = aws("create-user-pool", "--pool-name", "cli", "--auto-verified-attributes", "email")["UserPool"]["Id"]
    flows = "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"
    made = aws("create-user-pool-client", "--user-pool-id", pool, "--client-name", "cli", "--explicit-auth-flows", *flows)
    client = made["UserPoolClient"]["ClientId"]
    assert sorted(made["UserPoolClient"]["ExplicitAuthFlows"]) == sorted(flows)
    ok("create a pool and a client")

    user = "--client-id", client, "--username", EMAIL
    aws("sign-up", *user, "--password", PASSWORD, "--user-attributes", f"Name=email,Value={EMAIL}")
    refused("UserNotConfirmedException", *sign_in(client))
    aws("confirm-sign-up", *user, "--confirmation-code", code(EMAIL))
    ok("sign up and confirm with the code from the inbox")

    tokens = aws(*sign_in(client))["AuthenticationResult"]
    attributes = aws("get-user", "--access-token", tokens["AccessToken"])["UserAttributes"]
    assert {"Name": "email_verified", "Value": "true"} in attributes
    ok("sign in and read oneself")

    for page in range(3):
        aws("admin-create-user", "--user-pool-id", pool, "--username", f"page-{page}", "--message-action", "SUPPRESS")
    # The CLI follows the pagination tokens by itself.
    listed = aws("list-users", "--user-pool-id", pool, "--page-size", "1")["Users"]
    assert sorted(user["Username"] for user in listed) == sorted([EMAIL, "page-0", "page-1", "page-2"])
    by_prefix = aws("list-users", "--user-pool-id", pool, "--filter", 'username ^= "page-"')["Users"]
    assert len(by_prefix) == 3
    ok("list users page by page, and by prefix")

    refused("ResourceNotFoundException", "describe-user-pool", "--user-pool-id", f"{REGION}_000000000")
    aws("delete-user-pool", "--user-pool-id", pool)
    refused("ResourceNotFoundException", "describe-user-pool", "--user-pool-id", pool)
    ok("delete the pool")


main()

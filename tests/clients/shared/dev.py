"""What every Python journey needs of a `cognate dev`: where it is, what it sent, and a way to say what went well."""

import json
import os
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager

ENDPOINT = os.environ["COGNATE_ENDPOINT"].rstrip("/")
INBOX = os.environ["COGNATE_INBOX"].rstrip("/")
REGION = "eu-central-1"


def messages(to):
    """What was sent to this address, newest first."""
    with urllib.request.urlopen(f"{INBOX}/messages?{urllib.parse.urlencode({'to': to})}", timeout=10) as answer:
        return json.load(answer)


def code(to, after=0):
    """The code of the newest message to this address, once there are more than `after` of them."""
    deadline = time.monotonic() + 10
    while True:
        sent = messages(to)
        if len(sent) > after:
            assert sent[0]["code"], f"the newest message to {to} carries no code"
            return sent[0]["code"]
        assert time.monotonic() < deadline, f"no message to {to} within 10 s"
        time.sleep(0.05)


@contextmanager
def refused(client, name):
    """The call inside must be refused with this error."""
    try:
        yield
    except client.exceptions.ClientError as error:
        got = error.response["Error"]["Code"]
        assert got == name, f"expected {name}, got {got}: {error.response['Error']['Message']}"
    else:
        raise AssertionError(f"expected {name}, but the call succeeded")


def ok(step):
    print(f"ok {step}", flush=True)

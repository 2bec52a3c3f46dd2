"""The README's two examples, as they stand there but for the server's address."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from shared.dev import ENDPOINT, ok

README = Path(__file__).resolve().parents[2].joinpath("README.md").read_text()
VENV = Path(sys.executable).parent


def block(language, mark):
    """The fenced block in this language that holds the mark, pointed at the server under test."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    found = [text for text in blocks if mark in text]
    assert len(found) == 1, f"the README has {len(found)} {language} blocks with {mark!r}"
    assert "http://127.0.0.1:9229" in found[0]
    return found[0].replace("http://127.0.0.1:9229", ENDPOINT)


def run(*command):
    environment = {
        "PATH": f"{VENV}:{os.environ['PATH']}",
        "HOME": tempfile.gettempdir(),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{command[0]} failed: {done.stderr}"
    return done.stdout


printed = run(sys.executable, "-c", block("python", "import boto3"))
assert printed.startswith("verified: ada@example.com signed in until "), printed
ok("the README's boto3 example goes from CreateUserPool to a verified token")

printed = run("bash", "-euo", "pipefail", "-c", block("sh", "aws cognito-idp"))
assert printed.rstrip().endswith('"Bearer"'), printed
ok("the README's AWS CLI example signs a user in")

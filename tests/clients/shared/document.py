"""A document's code blocks, run as they stand there. Each is taken once, and none may be left over."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = Path(os.environ["COGNATE_PROGRAM"])
# Where the documents say that the server is.
ADDRESS = "http://127.0.0.1:9229"


class Document:
    """The fenced blocks of a page."""

    def __init__(self, path):
        self.path = path
        text = ROOT.joinpath(path).read_text()
        self.blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)

    def take(self, language, mark=""):
        """The first block of this language that holds the mark."""
        for at, (of, text) in enumerate(self.blocks):
            if of == language and mark in text:
                del self.blocks[at]
                return text
        raise AssertionError(f"{self.path} has no {language} block with {mark!r}")

    def left(self, language):
        """Whether there are blocks of this language still."""
        return any(of == language for of, _ in self.blocks)

    def take_all(self, language):
        """Every block of this language that is left, as one script."""
        taken = [text for of, text in self.blocks if of == language]
        self.blocks = [(of, text) for of, text in self.blocks if of != language]
        return "\n".join(taken)

    def close(self):
        left = [text for _, text in self.blocks]
        assert not left, f"{self.path} has blocks that nobody ran: {left}"


class Workshop:
    """An empty directory where a document's files are made and its commands run, with `cognate` on the PATH."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name)
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.started:
            process.terminate()
        for process in self.started:
            process.wait(timeout=20)
            process.stdout.close()
        self.directory.cleanup()

    def write(self, text, name=None):
        """A file; its first line says its name if nothing else does (`# check.py`)."""
        name = name or re.match(r"(?:#|//) (\S+)\n", text).group(1)
        self.path.joinpath(name).write_text(text)

    def environment(self, **more):
        """Nothing of the machine's own settings."""
        return {
            "PATH": f"{PROGRAM.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": self.directory.name,
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            **more,
        }

    def run(self, script, stdin="", refused=False):
        """What a shell script prints; it must succeed, or fail where it is to be `refused`."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.path, env=self.environment(), input=stdin, capture_output=True, text=True, timeout=120,
        )
        assert (done.returncode != 0) == refused, f"{script}\nended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout + (done.stderr if refused else "")

    def start(self, command):
        """Runs a command until the workshop ends."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            # A server's own credentials are in its configuration.
            cwd=self.path, env=self.environment(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.path.joinpath("log").open("a"),
        )
        self.started.append(process)
        return process

    def log(self):
        """What was said on standard error by what was started."""
        return self.path.joinpath("log").read_text()

    def dev(self, command="cognate dev --memory"):
        """Runs a `cognate dev` of the document on a free port; where it is."""
        ready = self.start(f"{command} --port 0 --json").stdout.readline()
        assert ready, f"{command} did not come up: {self.log()}"
        return json.loads(ready)["endpoint"].rstrip("/")


def python(script, conversation=(), **given):
    """Runs a Python script of a document; what it prints. `conversation` has the end of what it asks, and a function
    that answers that, of all it said so far."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **given,
    )
    late = threading.Timer(120, process.kill)
    late.start()
    said = ""
    for question, answer in conversation:
        while not said.endswith(question):
            character = process.stdout.read(1)
            assert character, f"the script ended early: {said}{process.stderr.read()}"
            said += character
        reply = answer(said)
        process.stdin.write(reply + "\n")
        process.stdin.flush()
        said += "\n"
    rest, errors = process.communicate()
    late.cancel()
    assert process.returncode == 0, f"the script failed: {errors}"
    return said + rest


def in_page(script, **given):
    """Runs a script in a page of Chromium at http://localhost, whose authenticator is always willing, with these names
    given; what it returns."""
    page = Path(__file__).with_name("page.mjs")
    done = subprocess.run(
        ["node", page], input=json.dumps({"script": script, "given": given}), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"the script failed in the page: {done.stderr}"
    return json.loads(done.stdout)


class Endpoint:
    """A real HTTP server on a free port that keeps what it is sent; `answer` makes an answer of a request."""

    def __init__(self, answer=lambda _request: (200, b"{}")):
        self.requests = []
        kept = self.requests

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self):
                self.body = self.rfile.read(int(self.headers["content-length"]))
                status, body = answer(self)
                kept.append(self)
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def wait_for(url):
    """Waits until somebody answers there, whatever the answer."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return None
        except OSError:
            assert time.monotonic() < deadline, f"nobody answers at {url}"
            time.sleep(0.05)

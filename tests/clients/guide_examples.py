"""The Python examples of docs/guides, each page's as the one script that it says they are."""

import re
import subprocess
import sys
from pathlib import Path

from shared.dev import ENDPOINT, ok

GUIDES = Path(__file__).resolve().parents[2].joinpath("docs/guides")


def said(page):
    """What the page's script prints, up to the first colon of each line."""
    script = "\n".join(re.findall(r"```python\n(.*?)```", GUIDES.joinpath(page).read_text(), re.DOTALL))
    assert "http://127.0.0.1:9229" in script
    script = script.replace("http://127.0.0.1:9229", ENDPOINT)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"the script of {page} failed: {done.stderr}"
    return done.stdout.splitlines()


lines = said("signing-in.md")
wanted = ["signed in with two factors", "may be chosen", "signed in by mail", "a new device", "sessions"]
assert [line.split(":")[0].startswith(start) for line, start in zip(lines, wanted)] == [True] * len(wanted), lines
ok("the guide to signing in runs: TOTP, a code by e-mail, passkey options, devices, sessions")

lines = said("threat-protection.md")
wanted = [
    "refused: Unable to login because of security reasons.",
    "[('Fail', 'Medium'), ('Pass', None)]",
    "let in after feedback",
    "refused: Request not allowed due to security reasons.",
    "refused: Provided password cannot be used for security reasons.",
]
assert lines == wanted, lines
ok("the guide to threat protection runs: risk, feedback, addresses, breached passwords")

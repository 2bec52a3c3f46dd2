"""The Python examples of docs/guides/signing-in.md, as the one script that they say they are."""

import re
import subprocess
import sys
from pathlib import Path

from shared.dev import ENDPOINT, ok

GUIDE = Path(__file__).resolve().parents[2].joinpath("docs/guides/signing-in.md").read_text()

script = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL))
assert "http://127.0.0.1:9229" in script
script = script.replace("http://127.0.0.1:9229", ENDPOINT)
done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
assert done.returncode == 0, f"the guide's script failed: {done.stderr}"
lines = done.stdout.splitlines()
wanted = ["signed in with two factors", "may be chosen", "signed in by mail", "a new device", "sessions"]
assert [line.split(":")[0].startswith(start) for line, start in zip(lines, wanted)] == [True] * len(wanted), lines
ok("the guide to signing in runs: TOTP, a code by e-mail, passkey options, devices, sessions")

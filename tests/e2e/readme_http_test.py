"""The curl lines of the README do as they stand, and answer what it shows.

A line that begins with "$ " is a command; what follows, up to the next one, is its answer as JSON, or nothing. Times,
names that are made up and advised intervals differ from run to run: there it is enough that both sides have one.
"""
import json
import pathlib
import re
import subprocess
import unittest

import harness

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
SECTION = "## HTTP"
# The lines that must be among them, as they stand: scripts out there have them.
ORIGINAL = """\
curl -X POST http://localhost:8080/workers/worker-1/heartbeat
curl http://localhost:8080/workers/worker-1
curl http://localhost:8080/workers/active
curl http://localhost:8080/workers
curl http://localhost:8080/workers?status=Active
curl http://localhost:8080/workers/worker-1/metadata
curl -X PUT http://localhost:8080/workers/worker-1/status -d '{"status":"Failed","expectedStatus":"Active"}'
curl -X POST http://localhost:8080/scheduler/run
curl -X DELETE http://localhost:8080/workers/worker-1""".splitlines()
THE_SAME = "(the same)"  # as the answer before
MASKS = [r"[0-9a-f]{16}-\d+", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", r"[0-9a-f]{32}", r"\d+(\.\d{1,6})?s"]


def examples():
    """Pairs of a command and the text that is shown as its answer."""
    before = ""
    text = README.read_text(encoding="utf-8")
    section = text[text.index(f"\n{SECTION}\n") + 1:]
    section = section[:section.find("\n## ", 1)]
    for block in re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
        block = block.replace("\\\n", "")
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = example.partition("\n")
            if command.startswith("curl "):
                before = before if answer.strip() == THE_SAME else answer.strip()
                yield re.sub(r" +", " ", command), before


def masked(value):
    if isinstance(value, dict):
        return {key: masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    if isinstance(value, str):
        for mask in MASKS:
            if re.fullmatch(mask, value):
                return mask
    return value


class Readme(unittest.TestCase):
    maxDiff = None

    def test_the_curl_lines(self):
        directory = self.enterContext(harness.Directory())
        # No job but by hand: what the README shows does not hang on how fast this machine is.
        daemon = self.enterContext(harness.Daemon(directory, http=True, **harness.CALM))
        shown = list(examples())
        for original in ORIGINAL:
            self.assertIn(original, [command for command, _ in shown])
        for command, answer in shown:
            here = command.replace("localhost:8080", daemon.http)
            self.assertNotEqual(here, command)
            done = subprocess.run(["bash", "-c", here], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, f"{here}\n{done.stderr}")
            self.assertEqual(bool(done.stdout), bool(answer), f"{here}\n{done.stdout}")
            if answer:
                self.assertEqual(masked(json.loads(done.stdout)), masked(json.loads(answer)), here)
            print(f"as shown: {command}")


if __name__ == "__main__":
    harness.main()

"""No random text, expression or reference leads to anything but reading, faults and specs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def fuzzed(count: int, seed: str) -> str:
    """Return what a watched process says after so many texts."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.fuzzing", str(count), seed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=7200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_hundreds_of_texts_lead_to_nothing_foreign() -> None:
    told = fuzzed(300, "a few")
    assert told.endswith("\n0 violations\n")
    # Not only noise: texts that are no JSON, that are no spec, that do not fit, that are sound.
    assert all(f"{code} " in told for code in ("E102", "E203", "E206", "E210", "E217", "sound"))


@pytest.mark.full
def test_fifty_thousand_texts_lead_to_nothing_foreign() -> None:
    assert fuzzed(50_000, "many").endswith("\n0 violations\n")


FOREIGN = {
    "a file elsewhere": "open('/etc/hostname')",
    "a file above": "open('../x.json')",
    "a folder elsewhere": "os.listdir('/')",
    "a link that leads out": "open('out.json')",
    "code": "eval('1')",
    "compiled code": "compile('1', '', 'eval')",
    "a module": "import this",
    "a process": "subprocess.run(['true'])",
    "a shell": "os.system('true')",
    "a fork": "os.fork()",
    "a connection": "socket.socket()",
    "a name looked up": "socket.gethostbyname('localhost')",
    "a foreign function": "ctypes.CDLL(None)",
    "a file removed": "os.remove('net.json')",
    "a link made": "os.symlink('/', 'root')",
}

WATCHED = """
import ctypes, os, socket, subprocess, sys
from pathlib import Path
from tests.fuzz.fuzzing import Violation, Watch
os.chdir({folder!r})
os.symlink("/etc/hostname", "out.json")
watch = Watch(Path({folder!r}))
watch.is_awake = True
open("net.json", "wb").close()
try:
    {act}
except Violation as violation:
    print(violation.args[0])
"""


@pytest.mark.parametrize("act", FOREIGN.values(), ids=FOREIGN)
def test_the_watch_notices(act: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED.format(folder=str(tmp_path), act=act)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.strip(), done.stderr

"""What the command line prints to which terminal."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archgen.cli.terminal import look_of

NET = '{"archgen": 1, "name": "net", "input": {"shape": [4, 4, 3]}, "layers": [{"op": "cov"}]}'


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "terminal", "colour"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colours_are_for_who_wants_them(
    variables: dict[str, str], *, terminal: bool, colour: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm"} | variables).items():
        monkeypatch.setenv(name, value)
    look = look_of(Terminal() if terminal else io.StringIO())
    assert look.colour == colour
    assert (look.columns is None) == (not terminal)


@pytest.mark.parametrize(
    ("given", "columns"), [("40", 40), ("3", 20), ("0", 80), ("wide", 80), ("", 80), ("²", 80)]
)
def test_columns_are_given_or_usual(
    given: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", given)
    assert look_of(Terminal()).columns == columns


def printed(folder: Path, columns: int, **variables: str) -> str:
    """Return what `check` prints to a terminal of so many columns."""
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    reader, terminal = os.openpty()
    fcntl.ioctl(
        terminal,
        termios.TIOCSWINSZ,
        (50).to_bytes(2, sys.byteorder) + columns.to_bytes(2, sys.byteorder) + b"\0" * 4,
    )
    unset = {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    environment |= {"TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[1])} | variables
    command = [sys.executable, "-m", "archgen", "check", "net.json"]
    done = subprocess.run(command, cwd=folder, env=environment, stdout=terminal, check=False)
    os.close(terminal)
    assert done.returncode == 1
    text = b""
    while block := _block(reader):
        text += block
    os.close(reader)
    return text.decode().replace("\r\n", "\n")


def _block(reader: int) -> bytes:
    try:
        return os.read(reader, 65536)
    except OSError:  # Linux's way to say that nobody writes any more
        return b""


def test_a_terminal_gets_colours_in_its_width(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text(NET, encoding="utf-8")
    text = printed(tmp_path, 40)
    assert text.startswith("\x1b[1;31merror[E204]\x1b[0m\x1b[1m: unknown op `cov`\x1b[0m\n")
    plain = printed(tmp_path, 40, NO_COLOR="1")
    assert "\x1b" not in plain
    assert max(map(len, plain.split("\n"))) <= 40
    assert '\n1 | … 4, 3]}, "layers": [{"op": "cov"}]}\n' in plain


def test_a_terminal_of_ascii_gets_ascii(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text(NET.replace("cov", "日本"), encoding="utf-8")
    text = printed(tmp_path, 60, NO_COLOR="1", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert text.isascii()
    assert '"\\u65e5\\u672c"' in text

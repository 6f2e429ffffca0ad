"""The server of a spec that is edited: what it gives to whom, and what it takes for a change."""

import json
import threading
import urllib.error
import urllib.request
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from archgen import UsageError
from archgen.cli import main
from archgen.watching import HOST, Watched, serving

Captured = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
NET = {
    "archgen": 1,
    "name": "net",
    "input": {"shape": [8, 8, 3]},
    "layers": [{"op": "conv", "filters": 4, "kernel_size": 3}],
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("net.json")
    path.write_text(json.dumps(NET), "utf-8")
    return path


def read(url: str, host: str | None = None) -> tuple[int, str, str]:
    """Return status, kind and text of an answer."""
    request = urllib.request.Request(url, headers={"Host": host} if host else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", ""


def test_the_server_gives_the_page_and_nothing_else(path: Path) -> None:
    with serving(Watched(path)) as url:
        status, kind, text = read(url)
        assert (status, kind) == (200, "text/html; charset=utf-8")
        assert "connect-src &#x27;self&#x27;" in text
        assert '"version":1' in text
        for other in ("net.json", "page/page.css", "../net.json", "favicon.ico"):
            assert read(url + other)[0] == 404
        assert urlsplit(url).hostname == HOST


def test_another_name_for_this_machine_is_refused(path: Path) -> None:
    with serving(Watched(path)) as url:
        port = urlsplit(url).port
        assert read(url, f"localhost:{port}")[0] == 200
        for host in ("evil.example", f"evil.example:{port}", HOST):
            assert read(url, host)[0] == 403
            assert read(f"{url}changes?0", host)[0] == 403


def test_word_of_a_change_comes_once_there_is_one(path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("archgen.watching.HEARTBEAT", 0.05)
    watched = Watched(path)
    with serving(watched) as url:
        assert read(f"{url}changes?0") == (200, "text/event-stream", "data: changed\n\n")
        change = threading.Timer(
            0.2, lambda: watched.path.write_text("{", "utf-8") and watched.look()
        )
        change.start()
        told = read(f"{url}changes?1")[2]
        change.join()
        assert told.startswith(": still here\n\n")
        assert told.endswith("data: changed\n\n")
        assert "E102" in watched.page()


def test_a_reader_who_leaves_does_no_harm(path: Path, monkeypatch: Patch, capfd: Captured) -> None:
    monkeypatch.setattr("archgen.watching.HEARTBEAT", 0.02)
    with serving(Watched(path)) as url:
        connection = HTTPConnection(HOST, urlsplit(url).port or 0)
        connection.request("GET", "/changes?1")
        connection.getresponse().read(4)
        connection.close()
        assert read(url)[0] == 200
    assert capfd.readouterr() == ("", "")


def test_a_change_is_a_change_of_any_file_that_the_spec_is_made_of(path: Path) -> None:
    Path("child.json").write_text('{"archgen": 1, "name": "child", "extends": "net.json"}', "utf-8")
    watched = Watched(Path("child.json"))
    assert {file.name for file in watched.files} == {"child.json", "net.json"}
    assert not watched.look()
    path.write_text(json.dumps(NET).replace("4", "64"), "utf-8")
    assert watched.look()
    assert not watched.look()
    assert "conv, 64" in watched.page()
    path.unlink()
    assert watched.look()
    assert watched.faults
    assert "conv, 64" in watched.page()
    path.write_text(json.dumps(NET), "utf-8")
    assert watched.look()
    assert watched.faults == ()


def test_a_document_that_never_could_be_read_shows_its_fault(path: Path) -> None:
    path.write_text("[", "utf-8")
    watched = Watched(path)
    assert "E102" in watched.page()


def test_a_file_or_parameter_that_is_none_is_refused_at_once(path: Path) -> None:
    with pytest.raises(UsageError, match="E502"):
        Watched(Path("missing.json"))
    with pytest.raises(UsageError, match="E507"):
        Watched(path, parameters={"depth": 3})


def test_the_verb_serves_until_it_is_interrupted(
    path: Path, monkeypatch: Patch, capsys: Captured
) -> None:
    shown: list[str] = []

    def follow(watched: Watched) -> None:
        assert read(shown[-1])[2] == watched.page()
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", shown.append)
    monkeypatch.setattr(Watched, "follow", follow)
    assert main(["render", str(path), "--open", "--watch"]) == 130
    assert capsys.readouterr().out.startswith(shown[0])
    with pytest.raises(urllib.error.URLError):
        read(shown[0])


@pytest.mark.parametrize(
    "command",
    [
        ["net.json", "--watch", "-o", "net.html"],
        ["net.json", "--watch", "--format", "svg"],
        ["lenet5", "--watch"],
        ["-", "--watch"],
    ],
)
def test_only_the_page_of_a_file_is_watched(path: Path, command: list[str]) -> None:
    assert main(["render", *command]) == 2

"""The page of a spec while it is edited: served to this machine alone, made again on every save.

Imports ``pictures`` and ``render``. The server listens on 127.0.0.1, answers for its own address
only, gives two things, the page and word of changes, and reads nothing that a browser sends.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from archgen.api import Scalar
from archgen.diagnostics import ArchgenError
from archgen.ir import Shape
from archgen.pictures import readable, seen
from archgen.render.page import page_text
from archgen.render.view import View
from archgen.reports import render_fault
from archgen.source import Array, Object

HOST = "127.0.0.1"
PAUSE, HEARTBEAT = 0.2, 15.0  # seconds between looks at the files, and between signs of life
NOTHING = View("archgen", "Nothing to draw yet", (), (), (), {}, 0, 0)

Stamps = dict[Path, tuple[int, int]]


@dataclass
class Watched:
    """A spec file, the page of its last version that could be drawn, the faults of the newest."""

    path: Path
    input_shape: Shape | None = None
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    theme: str = "auto"
    unfold: bool = False

    def __post_init__(self) -> None:
        """Make the first page; Raises UsageError where there is no such file or parameter."""
        self.changed = threading.Condition()
        self.version = 0
        self.view = NOTHING
        self.faults: tuple[str, ...] = ()
        self.files = {self.path}
        self.stamps: Stamps = {}
        self.look()

    def look(self) -> bool:
        """Make the page again if a file has changed; say whether one has."""
        stamps = {file: stamp for file in self.files if (stamp := _stamp(file))}
        if self.version and stamps == self.stamps:
            return False
        first = not self.version
        try:
            network = seen(self.path, self.input_shape, self.parameters, unfold=self.unfold)
        except ArchgenError as error:
            if first and error.exit_code != 1:
                raise
            view, faults = self.view, error.faults
        else:
            view, faults = network
        with self.changed:
            self.view, self.faults = view, tuple(map(render_fault, faults))
            self.files |= _files_of(self.path)
            self.stamps = {file: stamp for file in self.files if (stamp := _stamp(file))}
            # Saved while it was read: its stamp of before makes the next look see that.
            self.stamps |= {file: stamps[file] for file in stamps}
            self.version += 1
            self.changed.notify_all()
        return True

    def follow(self) -> None:
        """Look at the files for ever."""
        while True:
            time.sleep(PAUSE)
            self.look()

    def page(self) -> str:
        """Return the page as it is now."""
        with self.changed:
            view, faults, version = self.view, self.faults, self.version
        return page_text(view, faults, version=version, theme=self.theme)

    def newer(self, than: str) -> bool:
        """Wait for a version other than the one a page has; False after a while without one."""
        with self.changed:
            return self.changed.wait_for(lambda: str(self.version) != than, HEARTBEAT)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size)


def _files_of(path: Path) -> set[Path]:
    """Return the files that a spec's text comes from: itself and those it extends."""
    try:
        spec = readable(path)
    except ArchgenError:
        spec = None
    names, left = set[str](), list[Object | Array]()
    if spec is not None:
        left.append(spec.raw)
    while left:
        value = left.pop()
        names.add(value.place.file)
        inner = value.values() if isinstance(value, Object) else value
        left += [each for each in inner if isinstance(each, Object | Array)]
    return {Path(name) for name in names if Path(name).is_file()}


@contextmanager
def serving(watched: Watched) -> Iterator[str]:
    """Serve the page on a free port of this machine; yields its address."""
    answers = type("_Answers", (_Handler,), {"watched": watched})
    with ThreadingHTTPServer((HOST, 0), answers) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{HOST}:{server.server_address[1]}/"
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    watched: ClassVar[Watched]

    def do_GET(self) -> None:
        """Answer with the page, or with word of a change."""
        port = self.connection.getsockname()[1]
        path, _, query = self.path.partition("?")
        if self.headers.get("Host") not in (f"{HOST}:{port}", f"localhost:{port}"):
            # Another site's name may lead here, too; its pages shall not read this one.
            self.send_error(HTTPStatus.FORBIDDEN)
        elif path == "/":
            self._answer("text/html; charset=utf-8", self.watched.page().encode())
        elif path == "/changes":
            self._tell(query)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _answer(self, kind: str, content: bytes) -> None:
        self._head(kind, len(content))
        self.wfile.write(content)

    def _head(self, kind: str, length: int | None = None) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _tell(self, version: str) -> None:
        """Say when there is another version than the page has, and now and then nothing."""
        self._head("text/event-stream")
        try:
            while not self.watched.newer(version):
                self.wfile.write(b": still here\n\n")
            self.wfile.write(b"data: changed\n\n")
        except OSError:  # the page was closed
            return

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""

"""Random texts, expressions and references for a process that an audit hook watches.

``python -m tests.fuzz.fuzzing COUNT [SEED]`` checks so many. Whatever is not an ArchgenError, and
whatever the interpreter tells of beside the reading of specs, is a violation; it prints each.
"""

import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import archgen
from archgen.expressions import ExpressionFault, parse
from archgen.library import specs_folder
from archgen.limits import raised
from archgen.ops import OPS
from archgen.reports import render_short
from tests.mutations import mutated

HEAD = {"archgen": 1, "name": "net", "input": {"shape": [16, 16, 3]}}
WORDS = [
    *("$a", "${a + 1}", "$index", "$channels", "input", "a", "m", "concat", "add", "same", "valid"),
    *(
        "inception_v4",
        "net.json",
        "other.json",
        "../net.json",
        "/etc/passwd",
        "pipe.json",
        "..",
        "",
    ),
    *("relu", "softmax", "batch_norm", "__class__", "\x1b[2J", "\u202e", "\n::error::", "é", "\0"),
]
TOKENS = [
    *'{}[],:"\\',
    *(
        "true",
        "false",
        "null",
        "NaN",
        "-",
        "1e999",
        "0",
        "12",
        "1.5",
        '"a"',
        '"\\u0000"',
        "\n",
        " ",
    ),
]
PARTS = [
    *(
        "a",
        "1",
        "0",
        "2.5",
        "'x'",
        "true",
        "null",
        "index",
        "channels",
        "(",
        ")",
        ",",
        "}",
        "${",
        "$",
    ),
    *(
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "<",
        "==",
        "and",
        "or",
        "not",
        "if",
        "else",
        "min",
        "max",
    ),
    *("ceil", "floor", "round", "width", ".", "__import__", "lambda", "[", "]", "9" * 30, "\u0661"),
]
KEYS = [
    *("layers", "heads", "modules", "parameters", "defaults", "width", "extends", "edit", "input"),
    *("name", "repeat", "when", "inputs", "with", "required", "branches", "join", "order", "from"),
]


# ── what is tried ─────────────────────────────────────────────────────────────────────────────────


def noise(chance: random.Random) -> bytes:
    """Return bytes that may begin like a spec."""
    head = b'{"archgen": 1, "name": "' if chance.random() < 0.5 else b""
    return head + chance.randbytes(chance.randrange(80))


def soup(chance: random.Random) -> bytes:
    """Return tokens of JSON in any order."""
    return "".join(chance.choices(TOKENS, k=chance.randrange(1, 60))).encode()


def expression(chance: random.Random) -> str:
    """Return parts of an expression in any order."""
    inner = " ".join(chance.choices(PARTS, k=chance.randrange(1, 12)))
    return f"${{{inner}}}" if chance.random() < 0.8 else f"${inner}"


def value(chance: random.Random, depth: int = 0) -> Any:
    """Return any value that a spec may hold somewhere."""
    kind = chance.randrange(9 if depth < 3 else 6)
    if kind < 2:
        return chance.choice(WORDS)
    if kind == 2:
        return expression(chance)
    if kind < 6:
        return chance.choice([0, 1, 2, 3, 16, -1, 0.5, True, False, None, 10**9, 1e300])
    if kind == 6:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 7:
        return {chance.choice([*KEYS, *WORDS]): value(chance, depth + 1) for _ in range(3)}
    return entry(chance, depth + 1)


def entry(chance: random.Random, depth: int = 0) -> dict[str, Any]:
    """Return an entry that is nearly one."""
    kind = chance.randrange(3 if depth < 3 else 2)
    made: dict[str, Any]
    if kind == 0:
        op = chance.choice(list(OPS))
        fields = [name for name, info in OPS[op].model_fields.items() if info.is_required()]
        made = {"op": op, **{name: chance.choice([1, 2, 3, 0.5, "relu"]) for name in fields}}
    elif kind == 1:
        made = {"use": "m", "with": {"a": value(chance, 3)}}
    else:
        branches = {name: entries(chance, depth + 1) for name in "ab"}
        made = {"branches": branches, "join": chance.choice(["concat", "add", "multiply"])}
    for key in chance.sample([*KEYS, "padding", "norm", "filters"], k=chance.randrange(3)):
        made[key] = value(chance, depth + 1)
    return made


def entries(chance: random.Random, depth: int = 0) -> list[Any]:
    return [entry(chance, depth) for _ in range(chance.randrange(4))]


def spec(chance: random.Random) -> bytes:
    """Return a spec of nearly sound entries, or one that extends something."""
    made: dict[str, Any] = {
        **HEAD,
        "parameters": {"a": value(chance, 3)},
        "layers": entries(chance),
    }
    made["modules"] = {"m": {"required": ["a"], "layers": entries(chance)}}
    if chance.random() < 0.3:
        made = {"archgen": 1, "name": "net", "extends": chance.choice(WORDS)}
        made["edit"] = {f"layers.{chance.choice(WORDS)}": value(chance)}
    for key in chance.sample(KEYS, k=chance.randrange(2)):
        made[key] = value(chance)
    return json.dumps(made).encode()


def mistaken(chance: random.Random) -> bytes:
    """Return a shipped or first spec with a few small changes."""
    document = chance.choice(SOUND)
    for _ in range(chance.randrange(1, 4)):
        document = mutated(document, chance).document
    return json.dumps(document).encode()


def damaged(chance: random.Random) -> bytes:
    """Return the text of a sound spec with some bytes changed."""
    data = bytearray(json.dumps(chance.choice(SOUND)).encode())
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(data))
        data[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    return bytes(data)


TRIES: tuple[tuple[Callable[[random.Random], bytes], int], ...] = (
    *((noise, 1), (soup, 2), (spec, 4), (mistaken, 2), (damaged, 1)),
)
SOUND: list[dict[str, Any]] = [
    json.loads(archgen.new("net")),
    *(json.loads(archgen.resolved(name)) for name in ("inception_v4_mnist_tiny", "inception_v4")),
]


def attempt(chance: random.Random) -> str:
    """Check one text, or read one expression; return what came of it."""
    if chance.random() < 0.2:
        try:
            parse(expression(chance))
        except ExpressionFault as fault:
            return fault.code
        return "read"
    (make,) = chance.choices([one for one, _ in TRIES], [weight for _, weight in TRIES])
    Path("net.json").write_bytes(make(chance))
    # An expansion of a hundred thousand is measured elsewhere; here many are wanted.
    with raised({"nodes": 2000}):
        faults = archgen.check(Path("net.json"))
        "\n".join(map(render_short, faults))
    return faults[0].code if faults else "sound"


# ── what is forbidden ─────────────────────────────────────────────────────────────────────────────


class Violation(BaseException):
    """Something that no check of a spec may do; nothing in between catches it."""


# What reading specs leads to, anywhere or inside its folders.
HARMLESS = frozenset({"builtins.id", "object.__getattr__", "sys._getframe"})
PATHS = frozenset({"open", "os.listdir", "os.scandir", "pathlib.Path.glob"})


class Watch:
    """An audit hook that can be put to sleep, since none can be taken out."""

    def __init__(self, folder: Path) -> None:
        self.is_awake = False
        self.folders = tuple(str(path.resolve()) for path in (folder, specs_folder()))
        self.seen: Counter[str] = Counter()
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_awake:
            return
        self.seen[event] += 1
        if event in HARMLESS or (event in PATHS and self.is_inside(arguments[0])):
            return
        self.is_awake = False
        raise Violation(event, arguments)

    def is_inside(self, path: object) -> bool:
        """Say whether a path is inside the folders; a number was opened before."""
        if isinstance(path, int):
            return True
        real = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]
        return any(f"{real}/".startswith(f"{folder}/") for folder in self.folders)


def main() -> None:
    """Check many texts under the hook; print what came of them and exit 1 after a violation."""
    count, seed = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "1"
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        os.mkfifo("pipe.json")
        Path("other.json").write_text(json.dumps(SOUND[0]), encoding="utf-8")
        results, violations = run(Watch(Path(name)), count, seed)
        os.chdir("/")
    codes = ", ".join(f"{code} {number:,}" for code, number in sorted(results.items()))
    print(f"{count:,} tried: {codes}")
    print(f"{len(violations)} violations", *violations[:20], sep="\n")
    sys.exit(bool(violations))


def run(watch: Watch, count: int, seed: str) -> tuple[Counter[str], list[str]]:
    """Try so many, the first hundreds unwatched: Pydantic makes its classes ready by then."""
    results: Counter[str] = Counter()
    violations = []
    for number in range(-WARMING, count):
        chance = random.Random(f"{seed} {number}")
        with open("net.json", "wb"):  # noqa: PTH123 - unwatched
            pass
        watch.is_awake = number >= 0
        try:
            result = attempt(chance)
        except archgen.ArchgenError as error:
            result = error.faults[0].code
        except BaseException as error:  # noqa: BLE001 - all others are violations
            result = "violation"
            violations.append(f"{seed} {number}: {error!r}")
        watch.is_awake = False
        results[result] += number >= 0
    return results, violations


WARMING = 200

if __name__ == "__main__":
    main()

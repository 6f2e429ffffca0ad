"""A help line is true: carried out at its place, it makes its fault go and brings none there."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.diagnostics import Fault
from archgen.places import Place
from tests.literate import Case
from tests.test_faults import CASES, CHECKED, case

__all__ = ["case"]

# What a help line may say, and what that makes of the text at its place.
MEANT = re.compile(r"did you mean `(?P<text>[^`]+)`\?")
WRITE = re.compile(
    r"write (?:`(?P<ticked>[^`]+)`|(?P<bare>\S+))( to compare| for a backslash|, or .*)?"
)
SAY = re.compile(r'say `"(?P<key>padding|fixed)": (?P<value>[^`]+)`( in each of them| where .*)?')
EDIT = re.compile(r'say (in `edit`: `(?P<members>.+)`|`"edit": \{(?P<all>.+)\}`)')
SET = re.compile(r'say `"(?P<key>use_bias|classifier_activation|pixels)": (?P<value>[^`]+)`')
DROPS = re.compile(r"nothing is dropped(?: here)? at (\d+)×(\d+)(?: or (\d+)×(\d+))?")
REPLACE = re.compile(r"replace it by `(?P<text>[^`]+)`")
# What cannot be carried out by a machine, and why.
UNTRIED = {
    r"pass it: .*": "the value is the user's to choose",
    r"name them with `inputs`": "which entries to join is the user's to choose",
    r"the functions are .*": "it lists what there is",
    r"`a if condition else b` chooses": "it tells a form, the parts are the user's",
    r"join two comparisons with `and`": "it tells a form, the parts are the user's",
    r"text stands in single quotes": "where the text ends is the user's to say",
    r"arithmetic stands in `\$\{…\}`": "where the arithmetic ends is the user's to say",
}


def follow(fault: Fault) -> bool:
    """Carry out a fault's help in its file, unless only a user can do that."""
    assert fault.help is not None
    if match := EDIT.fullmatch(fault.help):
        document = json.loads(Path(CHECKED).read_text(encoding="utf-8"))
        document.setdefault("edit", {}).update(
            json.loads(f"{{{match['members'] or match['all']}}}")
        )
        Path(CHECKED).write_text(json.dumps(document), encoding="utf-8")
        return True
    if set_match := SET.fullmatch(fault.help):
        document = json.loads(Path(CHECKED).read_text(encoding="utf-8"))
        owner = owner_of(document, fault, set_match["key"])
        owner[set_match["key"]] = json.loads(set_match["value"])
        Path(CHECKED).write_text(json.dumps(document), encoding="utf-8")
        return True
    if drops := DROPS.fullmatch(fault.help):
        document = json.loads(Path(CHECKED).read_text(encoding="utf-8"))
        document["input"]["shape"][:2] = map(int, drops.groups()[:2])
        Path(CHECKED).write_text(json.dumps(document), encoding="utf-8")
        return True
    for pattern, act in ACTIONS:
        if match := pattern.fullmatch(fault.help):
            for place in sorted(places_of(fault, match), key=lambda place: -place.start):
                text = Path(place.file).read_text(encoding="utf-8")
                after = text[: place.start] + act(written(text, place), match) + text[place.end :]
                Path(place.file).write_text(after, encoding="utf-8")
            return True
    assert any(re.fullmatch(pattern, fault.help) for pattern in UNTRIED), fault.help
    return False


def owner_of(document: Any, fault: Fault, key: str) -> dict[str, Any]:
    """Return the object that a member is said of: around the fault, or the parameters."""
    if key in document.get("parameters", ()):
        parameters: dict[str, Any] = document["parameters"]
        return parameters
    if key in document["input"]:
        entering: dict[str, Any] = document["input"]
        return entering
    assert fault.place is not None
    owner: Any = document
    for part in fault.place.path[:-1]:
        owner = owner[part]
    inner = owner[fault.place.path[-1]]
    found: dict[str, Any] = inner if isinstance(inner, dict) and "op" in inner else owner
    return found


def places_of(fault: Fault, match: re.Match[str]) -> list[Place]:
    """Return where a help line is to be carried out."""
    assert fault.place is not None
    everywhere = match[0].endswith(" in each of them")
    return [fault.place, *(other.place for other in fault.related if everywhere)]


def written(text: str, place: Place) -> str:
    return text[place.start : place.end]


def meant(at: str, match: re.Match[str]) -> str:
    return json.dumps(match["text"], ensure_ascii=False) if at.startswith('"') else match["text"]


def said(at: str, match: re.Match[str]) -> str:
    """Return an entry with a member more, or another value for one it has."""
    key = f'"{match["key"]}"'
    known = re.compile(key + r"\s*:\s*(\"[^\"]*\"|[\w.]+|\[[^]]*\])")
    if known.search(at):
        return known.sub(lambda _: f"{key}: {match['value']}", at, count=1)
    return f"{at[:-1]}, {key}: {match['value']}}}"


Action = Callable[[str, re.Match[str]], str]
ACTIONS: list[tuple[re.Pattern[str], Action]] = [
    (MEANT, meant),
    (WRITE, lambda _, match: match["ticked"] or match["bare"]),
    (SAY, said),
    (REPLACE, lambda _, match: match["text"]),
    (re.compile("leave it out"), lambda _at, _match: ""),
    (re.compile(r"put it in `\[…\]`"), lambda at, _: f"[{at}]"),
]


def test_help_that_is_followed_helps(case: Case) -> None:
    before = {path: path.read_bytes() for path in Path.cwd().glob("*.json")}
    found = archgen.check(Path(CHECKED))
    for fault in found:
        if fault.help and fault.place and follow(fault):
            require_gone(fault, found, archgen.check(Path(CHECKED)))
        for path, content in before.items():
            path.write_bytes(content)


def require_gone(fault: Fault, before: tuple[Fault, ...], after: tuple[Fault, ...]) -> None:
    """Require one less of a fault, and none as grave at its place."""
    left = [other for other in after if fault.severity in (other.severity, "warning")]

    def where(fault: Fault) -> tuple[str, int]:
        assert fault.place is not None
        return fault.place.file, fault.place.start

    def alike(faults: Iterable[Fault]) -> int:
        return sum((other.code, other.message) == (fault.code, fault.message) for other in faults)

    assert where(fault) not in map(where, left), left
    assert alike(left) < alike(before)


def test_every_kind_of_help_is_met() -> None:
    text = "\n".join(
        block.text for case in CASES for block in case.blocks if block.info == "faults"
    )
    given = re.findall(r"^help: (.*)$", text, re.MULTILINE)
    for pattern in (EDIT, SET, DROPS, *(pattern for pattern, _ in ACTIONS)):
        assert any(pattern.fullmatch(advice) for advice in given), pattern.pattern


@pytest.mark.parametrize(
    ("at", "advice", "after"),
    [
        ('{"op": "max_pool"}', 'say `"padding": "same"`', '{"op": "max_pool", "padding": "same"}'),
        ('{"padding": [1, 2], "a": 1}', 'say `"padding": "same"`', '{"padding": "same", "a": 1}'),
    ],
)
def test_what_is_said_is_put_into_the_entry(at: str, advice: str, after: str) -> None:
    match = SAY.fullmatch(advice)
    assert match is not None
    assert said(at, match) == after

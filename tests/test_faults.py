"""Every code has literate cases: what went wrong, the spec, and every fault that is said of it.

A case's unnamed block is ``net.json``, the file that is checked; a block's info string may name
another file and an encoding. Below each fault stand its other lines, in the order of the terminal;
``UPDATE=1`` writes them anew, for review.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.diagnostics import CODES, Fault, Related
from archgen.reports import render_short
from archgen.source import Array, Object, parse_bytes
from tests.literate import UPDATE, Block, Case, cases, rewrite

CHECKED = "net.json"
CASES = cases(Path(__file__).parent / "cases" / "faults")
# What no spec alone brings about, and the tests that do.
ELSEWHERE = {
    "E501": "test_faults.py",
    "E502": "test_faults.py",
    "E503": "test_cli.py",
    "E504": "keras_layer/test_building.py",
    "E505": "keras_layer/test_building.py",
    "E506": "keras_layer/test_saving.py",
    "E507": "test_faults.py",
    "E508": "test_faults.py",
    "E511": "test_limits.py",
    "E513": "test_explanations.py",
    "E514": "keras_layer/test_exporting.py",
    "E515": "test_training_options.py",
    "E516": "test_resuming.py",
    "E517": "test_training_options.py",
    "E518": "keras_layer/test_exporting.py",
    "E509": "pictures/test_rendering.py",
    "E510": "pictures/test_rendering.py",
    "E512": "test_fitting.py",
}
PROPER = ("JSON", "Keras")


@pytest.fixture(params=CASES, ids=[case.id for case in CASES])
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Return a case, its files written to the current folder."""
    found: Case = request.param
    monkeypatch.chdir(tmp_path)
    for block in _files(found):
        name, encoding = _file(block)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(block.text.encode(encoding))
    return found


def _files(case: Case) -> list[Block]:
    return [block for block in case.blocks if block.info.split()[0] in {"json", "text"}]


def _file(block: Block) -> tuple[str, str]:
    """Return the file name and the encoding that an info string asks for."""
    _, *words = block.info.split()
    name, encoding = [*words, *(CHECKED, "utf-8")[len(words) :]]
    return name, encoding


def _expected(case: Case) -> list[str]:
    return _block(case).text.splitlines()


def _block(case: Case) -> Block:
    (block,) = [block for block in case.blocks if block.info == "faults"]
    return block


def _said(faults: tuple[Fault, ...]) -> list[str]:
    return [line for fault in faults for line in _lines(fault)]


def _lines(fault: Fault) -> Iterator[str]:
    yield render_short(fault)
    if fault.label:
        yield f"label: {fault.label}"
    yield from (f"related: {_where(related)}" for related in fault.related)
    if fault.trail:
        yield f"trail: {' ─ '.join(fault.trail)}"
    yield from (f"note: {note}" for note in fault.notes)
    if fault.help:
        yield f"help: {fault.help}"


def _where(related: Related) -> str:
    place = related.place
    return f"{place.file}:{place.line}:{place.column}: {related.label}  {place.pointer}"


def _errors(faults: tuple[Fault, ...]) -> list[str]:
    return _said(tuple(fault for fault in faults if fault.severity == "error"))


# ── the cases ─────────────────────────────────────────────────────────────────────────────────────


def test_a_check_says_exactly_this(case: Case) -> None:
    said = _said(archgen.check(Path(CHECKED)))
    if UPDATE:
        rewrite(case, _block(case), "".join(f"{line}\n" for line in said))
    else:
        assert said == _expected(case)


def test_a_graph_is_refused_for_the_same_errors(case: Case) -> None:
    errors = _errors(archgen.check(Path(CHECKED)))
    if not errors:
        assert archgen.graph(Path(CHECKED)).outputs
        return
    with pytest.raises(archgen.SpecError) as refusal:
        archgen.graph(Path(CHECKED))
    assert _errors(refusal.value.faults) == errors


def test_a_fault_points_at_its_pointer(case: Case) -> None:
    for fault in archgen.check(Path(CHECKED)):
        for place in (fault.place, *(related.place for related in fault.related)):
            assert place is not None
            assert 0 <= place.start <= place.end <= len(place.text.content)
            if (span := _span(place.file, place.path)) is not None:
                assert span[0] <= place.start <= place.end <= span[1]


def _span(file: str, path: tuple[str | int, ...]) -> tuple[int, int] | None:
    """Return the span of a key and its value, read anew; None in a file that is no JSON."""
    try:
        value: object = parse_bytes(Path(file).read_bytes(), file)
    except archgen.SpecError:
        return None
    assert isinstance(value, Object)
    span = value.place.start, value.place.end
    for part in path:
        if isinstance(value, Object):
            place, value = value.places[str(part)], value[str(part)]
        else:
            assert isinstance(value, Array)
            assert isinstance(part, int)
            place, value = value.places[part], value[part]
        span = max(place.key_start, 0) or place.start, place.end
    return span


def test_a_message_reads_like_one(case: Case) -> None:
    for fault in archgen.check(Path(CHECKED)):
        for text in filter(None, (fault.message, fault.label, fault.help, *fault.notes)):
            assert text.isprintable()
            assert not text[0].isupper() or text.startswith(PROPER)
            assert not text.endswith((".", "!", " "))
            assert "something else" not in text


def test_every_code_has_a_case_that_tells_of_it() -> None:
    told = {case.path.stem for case in CASES if f"[{case.path.stem}]" in "".join(_expected(case))}
    assert told | ELSEWHERE.keys() == CODES.keys()
    assert all(case.prose for case in CASES)
    for code, name in ELSEWHERE.items():
        assert code in (Path(__file__).parent / name).read_text(encoding="utf-8")


def test_the_title_of_a_file_is_its_code_and_what_that_means() -> None:
    for path in {case.path for case in CASES}:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        assert first == f"# {path.stem}: {CODES[path.stem]}"


# ── what no spec alone brings about ───────────────────────────────────────────────────────────────


NET = {
    "archgen": 1,
    "name": "net",
    "input": {"shape": [32, 32, 3]},
    "parameters": {"classes": 10},
    "layers": [{"op": "flatten"}, {"op": "dense", "units": "$classes"}],
}


def _asked_wrongly(spec: object, **arguments: object) -> Fault:
    with pytest.raises(archgen.UsageError) as refusal:
        archgen.graph(spec, **arguments)  # type: ignore[arg-type]
    with pytest.raises(archgen.UsageError) as checked:
        archgen.check(spec, **arguments)  # type: ignore[arg-type]
    assert refusal.value.exit_code == 2
    assert refusal.value.faults == checked.value.faults
    (fault,) = refusal.value.faults
    return fault


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("inception_v5", "did you mean `inception_v4`?"),
        ("Inception_V4", "did you mean `inception_v4`?"),
        ("mine", "did you mean `mine.json`?"),
        ("q", None),
        ("/tmp/net", None),
    ],
)
def test_a_spec_that_is_not_shipped_is_unknown(
    name: str, advice: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.json").write_text(json.dumps(NET), encoding="utf-8")
    fault = _asked_wrongly(name)
    assert (fault.code, fault.message) == ("E501", f"no spec is called `{name}`")
    assert fault.help == advice
    assert bool(fault.notes) == (advice is None)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.json", "no such file or directory"),
        ("folder.json", "is a directory"),
        ("file.json/net.json", "not a directory"),
        ("n" * 300 + ".json", "file name too long"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.json").mkdir()
    Path("file.json").write_text(json.dumps(NET), encoding="utf-8")
    fault = _asked_wrongly(name)
    assert (fault.code, fault.message) == ("E502", f"cannot read {name}: {reason}")
    assert _asked_wrongly(Path(name)) == fault


def test_a_name_with_a_null_character_is_no_file() -> None:
    assert _asked_wrongly("a\0.json").code in {"E501", "E502"}


def test_an_unknown_parameter_from_outside_is_refused() -> None:
    fault = _asked_wrongly(NET, clases=3)
    assert (fault.code, fault.message) == ("E507", "net has no parameter `clases`")
    assert fault.help == "did you mean `classes`?"
    assert _asked_wrongly(NET, q=3).help is None


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), [1], {"a": 1}, b"1", 10**5000, -(2**64), "x" * 257],
    ids=type,
)
def test_a_parameter_from_outside_is_a_scalar_of_json(value: object) -> None:
    assert _asked_wrongly(NET, classes=value).code == "E507"


def test_a_parameter_from_outside_is_no_expression() -> None:
    fault = _asked_wrongly(NET, classes="$classes")
    assert fault.code == "E507"
    assert fault.message.endswith('not "$classes"')


@pytest.mark.parametrize(
    "shape",
    [
        (32, 32),
        (32, 32, 3, 1),
        (0, 32, 3),
        (-1, 32, 3),
        (32.0, 32, 3),
        (True, 32, 3),
        (2**31, 32, 3),
        ("32", "32", "3"),
        (None, None, 3),
        "abc",
        32,
    ],
)
def test_an_input_shape_is_three_whole_numbers(shape: object) -> None:
    assert _asked_wrongly(NET, input_shape=shape).code == "E508"


def test_what_was_asked_wrongly_is_told_with_its_numbers() -> None:
    fault = _asked_wrongly(NET, input_shape=(0, 32, 3))
    assert fault.message == "input_shape must be (height, width, channels), not (0, 32, 3)"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ({"classes": 3}, "E507", "`classes` comes too late: net is a graph already"),
        (
            {"input_shape": (8, 8, 3)},
            "E508",
            "an input shape comes too late: net is a graph already",
        ),
    ],
)
@pytest.mark.parametrize("ask", [archgen.analyse, archgen.build])
def test_a_graph_takes_no_parameters_and_no_input(
    ask: Any, arguments: dict[str, Any], code: str, message: str
) -> None:
    graph = archgen.graph(NET)
    with pytest.raises(archgen.UsageError) as refusal:
        ask(graph, **arguments)
    (fault,) = refusal.value.faults
    assert (fault.code, fault.message) == (code, message)
    assert fault.help == "give it to `archgen.graph`, which makes the graph of a spec"


@pytest.mark.parametrize("value", [{1}, object(), b"net", 10**5000], ids=type)
def test_a_dict_that_json_does_not_have_is_a_fault(value: object) -> None:
    faults = archgen.check({**NET, "title": value})
    assert [fault.code for fault in faults] in (["E203"], ["E105"])


def test_a_dict_inside_itself_is_a_fault() -> None:
    circle: dict[str, object] = {}
    circle["title"] = circle
    assert [fault.code for fault in archgen.check(circle)] == ["E203"]

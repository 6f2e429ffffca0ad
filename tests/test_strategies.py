"""The random fields and specs that other tests rely on."""

import json
from typing import Annotated, ClassVar

import pytest
from pydantic import Field

import archgen
from archgen.ir import Op
from archgen.ops import OPS
from archgen.ops.fields import Flag
from tests.random_specs import spec
from tests.strategies import NARROWER, agreeing, drawn, seeded, strategy


class Novel(Op):
    """An op with a field of a type that no other has."""

    kind: ClassVar[str] = "novel"
    known: Flag = True
    shift: Annotated[int, Field(ge=-3, le=3)] = 0


def test_a_field_of_a_new_type_is_an_error_that_names_it() -> None:
    with pytest.raises(TypeError, match=r"Novel\.shift"):
        strategy(Novel, "shift")
    assert strategy(Novel, "known")(seeded(1)) in (False, True)


@pytest.mark.parametrize(
    ("kind", "name"), [(k, n) for k, op in OPS.items() for n in op.model_fields]
)
def test_every_field_takes_several_values(kind: str, name: str) -> None:
    random = seeded(3)
    values = {json.dumps(agreeing(OPS[kind], random).get(name, "unsaid")) for _ in range(60)}
    assert len(values) > 2 - OPS[kind].model_fields[name].is_required()


def test_narrowed_fields_exist() -> None:
    assert NARROWER.keys() <= {name for op in OPS.values() for name in op.model_fields}


def test_fields_may_contradict_until_they_are_asked_to_agree() -> None:
    random, pool = seeded(5), OPS["avg_pool"]
    said = [drawn(pool, random) for _ in range(200)]
    assert any(fields.get("ceil_mode") and fields.get("padding") == "same" for fields in said)
    agreed = [agreeing(pool, random) for _ in range(200)]
    assert not any(fields.get("ceil_mode") and fields.get("padding") == "same" for fields in agreed)


def test_a_seed_gives_the_same_spec() -> None:
    assert [spec(seed) for seed in range(20)] == [spec(seed) for seed in range(20)]
    assert len({json.dumps(spec(seed)) for seed in range(200)}) == 200


def test_about_half_of_the_specs_fit_and_the_others_are_faults() -> None:
    refused = []
    for seed in range(200):
        try:
            archgen.graph(spec(seed))
        except archgen.SpecError as error:
            refused += [{fault.code for fault in error.faults}]
    assert 60 < len(refused) < 120
    shapes = [codes for codes in refused if codes <= {"E310", "E320", "E330"}]
    assert len(shapes) > 0.7 * len(refused), "most are of shapes that do not fit"

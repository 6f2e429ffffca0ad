"""Objects of Keras that a field names: initializers and regularizers; imports ``diagnostics``."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from archgen.diagnostics import did_you_mean, named, quoted
from archgen.limits import LIMITS

EXPRESSION_SCHEMA = {"type": "string", "pattern": r"^\$", "maxLength": LIMITS.expression}
KEYS = ("class_name", "config")
# The one class whose argument has no default.
CONSTANT = ("Constant", "constant")
CONFIG_WORDS = "an object of arguments: text, numbers, true, false, null or lists of them"
_SCALARS = [{"type": kind} for kind in ("string", "number", "boolean", "null")]
_ARGUMENT = {"anyOf": [*_SCALARS, {"type": "array", "items": {"anyOf": _SCALARS}}]}
_CONFIG = {"anyOf": [{"type": "object", "additionalProperties": _ARGUMENT}, {"type": "null"}]}


def wrong_within(
    code: str, reason: str, at: str = "", advice: str | None = None
) -> PydanticCustomError:
    """Return the refusal of a field's value or, where it has one, of its member ``at``."""
    told = {"code": code, "reason": reason, "at": at, "help": advice}
    return PydanticCustomError("wrong_within", "{reason}", told)


class KerasObject:
    """Marks a field for an object of Keras, by its name or as a record of its class.

    Keras would also make the objects that stand in a record's arguments, of any class it finds;
    they are refused.
    """

    def __init__(self, what: str, names: Sequence[str]) -> None:
        self.what = what
        self.names = names

    @property
    def words(self) -> str:
        """Return what finishes the sentence "`kernel_initializer` must be …"."""
        return f'{self.what} of Keras, or {{"class_name": …, "config": {{…}}}}'

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check in front of Pydantic's own check of the kind."""
        schema = handler.generate_schema(str | dict[str, Any])
        return core_schema.with_info_before_validator_function(self.known, schema)

    def __get_pydantic_json_schema__(
        self, _: CoreSchema, __: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return what stands for ``schema`` until the fields of all ops share one."""
        return {"format": self.what}

    def schema(self) -> JsonSchemaValue:
        """Return the JSON Schema of a name or a record."""
        class_name = {"anyOf": [{"enum": list(self.names)}, EXPRESSION_SCHEMA]}
        record = {
            "type": "object",
            "properties": {"class_name": class_name, "config": _CONFIG},
            "required": ["class_name"],
            "additionalProperties": False,
        }
        return {"anyOf": [{"enum": [name for name in self.names if name not in CONSTANT]}, record]}

    def known(self, value: Any, info: ValidationInfo) -> Any:
        """Return a value that Keras knows; everything else is refused at the closest place."""
        if isinstance(value, dict):
            self.require_record(value)
        elif value in CONSTANT and value in self.names:
            advice = f'write `{{"class_name": "{value}", "config": {{"value": 0.1}}}}`'
            raise wrong_within("E202", f"the `value` of {named(value)} is missing", "", advice)
        elif value not in self.names:
            reason = f"`{info.field_name}` must be {self.words}, not {quoted(value)}"
            raise wrong_within("E203", reason, "", self.meant(value))
        return value

    def meant(self, name: object) -> str | None:
        """Return a help line with the most similar name."""
        return did_you_mean(name, self.names) if isinstance(name, str) else None

    def require_record(self, record: Mapping[str, Any]) -> None:
        """Raise the refusal of a record that Keras cannot read."""
        for key in record:
            if key not in KEYS:
                advice = did_you_mean(key, KEYS)
                raise wrong_within("E201", f"unknown key {named(key)}", key, advice)
        if "class_name" not in record:
            raise wrong_within("E202", "`class_name` is missing")
        name, config = record["class_name"], record.get("config")
        if name not in self.names:
            reason = f"`class_name` must be {self.what} of Keras, not {quoted(name)}"
            raise wrong_within("E203", reason, "class_name", self.meant(name))
        if config is not None and not _are_arguments(config):
            reason = f"`config` must be {CONFIG_WORDS}, not {quoted(config)}"
            raise wrong_within("E203", reason, "config")
        if name in CONSTANT and "value" not in (config or {}):
            raise wrong_within("E202", f"the `value` of {named(name)} is missing", "config")


def _are_arguments(config: Any) -> bool:
    if not isinstance(config, dict):
        return False
    lists = [value if isinstance(value, list) else [value] for value in config.values()]
    return not any(isinstance(item, dict | list) for items in lists for item in items)

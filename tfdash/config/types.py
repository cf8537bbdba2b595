"""Field types of the configuration that pydantic does not bring: durations, zones, secret references."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, PlainSerializer
from pydantic_core import CoreSchema, core_schema

from tfdash.config.problems import nearest
from tfdash.durations import parse_duration, write_duration
from tfdash.playbook.schedule.policy import DAYS, parse_date, parse_day, parse_local, parse_time

Duration = Annotated[
    float,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    PlainSerializer(write_duration, when_used="json"),
    Field(gt=0, json_schema_extra={"examples": ["10s", "5m", "1h30m"]}),
]


def check_zone(value: Any) -> str:
    if not isinstance(value, str) or value not in available_timezones():
        known = nearest(str(value), available_timezones())
        hint = known if known.startswith("did") else 'take one such as "America/New_York"'
        raise ValueError(f"{value!r} is not an IANA time zone; {hint}")
    ZoneInfo(value)
    return value


Zone = Annotated[str, BeforeValidator(check_zone)]

Day = Annotated[str, BeforeValidator(lambda v: DAYS[parse_day(v)], json_schema_input_type=str)]
TimeOfDay = Annotated[
    str, BeforeValidator(lambda v: parse_time(v).strftime("%H:%M"), json_schema_input_type=str)
]
LocalDate = Annotated[str, BeforeValidator(lambda v: parse_date(v).isoformat(), json_schema_input_type=str)]
LocalTime = Annotated[
    str, BeforeValidator(lambda v: parse_local(v).isoformat(" ", "minutes"), json_schema_input_type=str)
]
"""Spelled as ``tfdash.playbook.schedule.policy`` reads them."""


class SecretRef:
    """Where a secret is to be found: ``env:NAME``, ``file:PATH`` or ``command:PROGRAM ARG ...``; never the secret itself."""

    __slots__ = ("kind", "target")

    def __init__(self, text: str) -> None:
        kind, _, target = text.partition(":")
        if kind not in ("env", "file", "command") or not target.strip():
            # the value is not repeated: it may be the secret
            raise ValueError(
                'a secret is given by reference only; write "env:NAME", "file:PATH" or "command:PROGRAM ARG"'
            )
        self.kind, self.target = kind, target.strip()

    def __repr__(self) -> str:
        return f"SecretRef({self.kind}:...)"

    def __str__(self) -> str:
        return f"{self.kind}:{self.target}" if self.kind != "command" else "command:(hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretRef) and (self.kind, self.target) == (other.kind, other.target)

    def __hash__(self) -> int:
        return hash((self.kind, self.target))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(value: Any) -> SecretRef:
            if isinstance(value, SecretRef):
                return value
            if not isinstance(value, str):
                raise ValueError('a secret reference is a text such as "env:NAME"')
            return cls(value)

        return core_schema.no_info_before_validator_function(
            check,
            core_schema.is_instance_schema(cls),
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

"""How a table of the configuration is declared: a frozen dataclass whose types carry bounds, spelling and comment.

One declaration serves the validation (``tfdash.config.load``), the JSON schema, ``config.example.toml`` and the code that
reads the values. A playbook's values stand in TOML beside the rules (``defaults="canary.toml"``); every other default is
the dataclass's own. pydantic is not imported here: it finds the ``__get_pydantic...`` hooks by name when it is needed.
"""

from __future__ import annotations

import re
import tomllib
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tfdash.addresses import looks_secret, secret_in, secret_in_body
from tfdash.durations import parse_duration, write_duration
from tfdash.spelling import closest

T = TypeVar("T")
_hints: dict[type, dict[str, Any]] = {}  # by table: asking a type for them is dear
_MARKS = ("env", "file", "command")


class SettingsTable:
    """Base of those dataclasses. The docstring of a subclass is the comment above its table in the example.

    ``defaults`` names the file of ``tfdash/playbook/defaults`` that holds the values of its keys. ``retired``: keys of
    earlier versions, which a configuration may still name and which mean nothing any more. ``short``: the key that a text in the
    place of the whole table is.
    """

    defaults: ClassVar[str] = ""
    short: ClassVar[str] = ""
    retired: ClassVar[frozenset[str]] = frozenset()
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    def __init_subclass__(cls, defaults: str = "", short: str = "") -> None:
        cls.defaults, cls.short = defaults, short

    @classmethod
    def of_text(cls, value: Any) -> Any:
        """The table that a text stands for; whatever else comes as it is."""
        return {cls.short: value} if cls.short and isinstance(value, str) else value

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        schema = handler(source)
        schema["strict"] = False  # a table of TOML will do; its values are taken strictly
        if not cls.short:
            return schema
        from pydantic_core import core_schema

        either = core_schema.union_schema([core_schema.str_schema(), schema])
        return core_schema.no_info_before_validator_function(
            cls.of_text, schema, json_schema_input_schema=either
        )


class Unfit(ValueError):
    """What is wrong with one of the keys within a table; ``key`` is dotted from there, or its parts where a name that the
    user chose stands among them."""

    def __init__(self, key: str | tuple[str, ...], why: str) -> None:
        self.path = tuple(key.split(".")) if isinstance(key, str) else key
        self.why = why
        super().__init__(f"{'.'.join(self.path)}: {why}")


class SeveralUnfit(ValueError):
    """All that is wrong with the keys of one table."""

    def __init__(self, faults: Sequence[Unfit]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, faults)))


def refuse(faults: Iterable[Unfit]) -> None:
    """Raise what there is of them, so that one fault hides no other."""
    found = list(faults)
    if found:
        raise found[0] if len(found) == 1 else SeveralUnfit(found)


class Note:
    """The comment behind a key in the example and the schema.

    ``sample`` is a value in TOML that is shown, commented out, where the default says nothing; for a table of tables it is
    the name of the one that is shown.
    """

    def __init__(self, text: str = "", sample: str = "") -> None:
        self.text, self.sample = text, sample

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[Any], dict[str, Any]]) -> Any:
        found = handler(schema)
        return {**found, "description": self.text} if self.text else found


class Checked:
    """A check of the value as a whole: ``check`` raises ``ValueError`` in words."""

    def __init__(self, check: Callable[[Any], None]) -> None:
        self.check = check

    def take(self, value: Any) -> Any:
        """``value``, if it is right."""
        self.check(value)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.take, handler(source))


class Between(Checked):
    """The least and the greatest useful value; ``seconds``: of a duration. ``write``: how a value is spelled, where it is ``Spelled``."""

    def __init__(
        self,
        low: float,
        high: float,
        write: Callable[[float], str] = lambda value: f"{value:.15g}",
        *,
        seconds: bool = False,
    ) -> None:
        super().__init__(self._check)
        self.low, self.high, self.seconds = low, high, seconds
        self.write = write_duration if seconds else write

    def _check(self, value: Any) -> None:
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.write(value)} is out of range; choose {self.told}")

    @property
    def told(self) -> str:
        """What may be chosen, as it is spelled; of a duration that is never nothing no least one."""
        low, high = self.write(self.low), self.write(self.high)
        return f"one of at most {high}" if self.seconds and not self.low else f"one from {low} to {high}"

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[Any], dict[str, Any]]) -> Any:
        found = handler(schema)
        numeric = found.get("type") in ("number", "integer")
        return {**found, "minimum": self.low, "maximum": self.high} if numeric else found


class Spelled:
    """A value with a spelling of its own in TOML, of that ``shape``: ``take`` raises ``ValueError`` in words, ``write`` is
    its inverse."""

    def __init__(
        self,
        take: Callable[[Any], Any],
        write: Callable[[Any], Any],
        shape: Literal["text", "list", "table"] = "text",
    ) -> None:
        self.take, self.write, self.shape = take, write, shape

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema

        written = core_schema.plain_serializer_function_ser_schema(self.write, when_used="json")
        shape = {
            "text": core_schema.str_schema(),
            "list": core_schema.list_schema(),
            "table": core_schema.dict_schema(),
        }[self.shape]
        return core_schema.no_info_plain_validator_function(
            self.take, serialization=written, json_schema_input_schema=shape
        )


class Listed:
    """A list of TOML, held as a tuple."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        schema = handler(source)
        schema["strict"] = False
        return schema


def _more_than_nothing(value: Any) -> float:
    seconds = parse_duration(value)
    if seconds <= 0:
        raise ValueError(f"{value!r} must be more than nothing")
    return seconds


def _reference(value: Any) -> str:
    if value == "":
        return ""
    kind, _, target = value.partition(":") if isinstance(value, str) else ("", "", "")
    if kind not in _MARKS or not target.strip():  # the value is not repeated: it may be the secret
        raise ValueError(
            'a secret is given by reference only; write "env:NAME", "file:PATH" or "command:PROGRAM ARG"'
        )
    check_reference(value)
    return f"{kind}:{target.strip()}"


def check_reference(value: str) -> None:
    """Raises ``ValueError`` for a reference that can never give a secret. It is not repeated."""
    if value.startswith("command:"):
        import shlex  # not before the first frame

        try:
            shlex.split(value)
        except ValueError:
            raise ValueError(
                'a quotation mark or a backslash of its command is not closed; write "command:PROGRAM ARG" as in a shell'
            ) from None


_SECRET_HEADER = re.compile(
    r"(?i)(proxy-)?authorization|authentication|cookie|x-auth.*"
    r"|.*(token|secret|passw|api-?key|access-?key|auth-?key|private|credential|signature|session).*"
)
_PLACE = re.compile(r"\{[a-z_]+\}")
_IN_FRONT = re.compile(r"(?i)\A\s*(bearer|basic|token|digest)\b")


def check_header(name: str, value: str) -> None:
    """Raises ``ValueError`` for a header whose value is a secret and stands there in the open. It is not repeated."""
    check_reference(value)
    if not value or value.partition(":")[0] in _MARKS:
        return
    rest = _IN_FRONT.sub("", _PLACE.sub("", value)).strip()  # what is written there beside what was captured
    secret = len(rest) > (0 if _PLACE.search(value) is None else 5) and _SECRET_HEADER.fullmatch(name)
    if secret or looks_secret(value) or (rest and _IN_FRONT.match(value) and not _PLACE.search(value)):
        raise ValueError(
            'is a secret; give it by reference: "env:NAME", "file:PATH" or "command:PROGRAM ARG"'
        )


def check_body(body: str) -> None:
    """Raises ``ValueError`` for the body of a request with a secret in the open. It is not repeated."""
    check_reference(body)
    if body.partition(":")[0] in _MARKS:
        return
    found = secret_in_body(body)
    if found:
        raise ValueError(
            f'{found} is a secret; give the whole body by reference: "env:NAME", "file:PATH" or "command:PROGRAM ARG"'
        )


def check_address(url: str, instead: str) -> None:
    """Raises ``ValueError`` for an address with a secret in its user, path, query or fragment. It is not repeated."""
    found = secret_in(url)
    if found:
        raise ValueError(f"{found} does not belong into an address; {instead}")


def _no_blanks(texts: tuple[str, ...]) -> None:
    if not all(map(str.strip, texts)):
        raise ValueError("one of them is empty, which names nothing; leave it out")


def _a_program(words: tuple[str, ...]) -> None:
    if words and not words[0].strip():
        raise ValueError('names no program; write it as ["PROGRAM", "ARG"]')


def _zone(value: Any) -> str:
    try:
        if isinstance(value, str) and not value.startswith(("posix", "right/")) and ZoneInfo(value):
            return value
    except (ValueError, OSError, ZoneInfoNotFoundError):
        pass
    meant = closest(str(value), available_timezones())
    hint = f'did you mean "{meant}"?' if meant else 'take one such as "America/New_York"'
    raise ValueError(f"{value!r} is not an IANA time zone; {hint}")


def _hidden(reference: str) -> str:
    return "command:(hidden)" if reference.startswith("command:") else reference


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        raise ValueError('must be a table of texts such as { name = "value" }')
    return tuple(value.items())


Seconds = Annotated[float, Spelled(_more_than_nothing, write_duration)]
"""A duration such as "10s", "5m", "1h30m"; never nothing."""
ZoneName = Annotated[str, Spelled(_zone, str)]
"""An IANA time zone."""
OwnZone = Annotated[str, Spelled(lambda value: "" if value == "" else _zone(value), str)]
"""Likewise, or "" for that of [time]."""
SecretText = Annotated[str, Spelled(_reference, _hidden)]
"""Where a secret is to be found: ``env:NAME``, ``file:PATH`` or ``command:PROGRAM ARG``; never the secret itself."""
Words = Annotated[tuple[str, ...], Listed(), Checked(_a_program)]
"""A command: the program and its arguments, of which one may be empty."""
Texts = Annotated[tuple[str, ...], Listed(), Checked(_no_blanks)]
Pairs = Annotated[tuple[tuple[str, str], ...], Spelled(_pairs, dict, "table")]
"""A table of texts, in the order in which it was written."""
SortedPairs = Annotated[
    tuple[tuple[str, str], ...], Spelled(lambda value: tuple(sorted(_pairs(value))), dict, "table")
]


def shipped(kind: type[SettingsTable]) -> Mapping[str, Any]:
    """The playbook's values of a table, as TOML has them; {} where the dataclass holds its defaults itself. Never changed."""
    return _shipped(kind.defaults) if kind.defaults else {}


@cache
def _shipped(name: str) -> Mapping[str, Any]:
    from importlib.resources import files  # not before the first frame

    folder = files("tfdash.playbook").joinpath("defaults")
    return tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8"))


def hints_of(kind: type) -> Mapping[str, Any]:
    """The type of each key of a table, with what is annotated."""
    if kind not in _hints:
        hints = get_type_hints(kind, include_extras=True)
        _hints[kind] = {field.name: hints[field.name] for field in fields(kind)}
    return _hints[kind]


def read(kind: type[T], table: Mapping[str, Any]) -> T:
    """``kind`` from a table of TOML without a validation: what cannot be used there stays at its default.

    For values that are needed before the validation tells what is wrong, and for those that we ship.
    """
    found = {}
    for name, hint in hints_of(kind).items():
        if name in table:
            try:
                found[name] = _taken(hint, table[name])
            except ValueError:
                continue
    return kind(**found)


def _taken(hint: Any, value: Any) -> Any:
    """``value`` as ``hint`` has it. Raises ``ValueError`` where it cannot be that."""
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *marks = get_args(hint)
        if not any(isinstance(mark, Spelled) for mark in marks):
            value = _taken(inner, value)
        for mark in marks:
            if isinstance(mark, Spelled | Checked):
                value = mark.take(value)
        return value
    if origin in (Union, types.UnionType):
        return _taken(get_args(hint)[0], value)
    if origin is Literal:
        fits = value in get_args(hint)
    elif origin is tuple and isinstance(value, list):
        return tuple(_taken(get_args(hint)[0], item) for item in value)
    elif origin is dict and isinstance(value, Mapping):
        return {key: _taken(get_args(hint)[1], item) for key, item in value.items()}
    elif hint is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        value = float(value) if fits else value
    elif isinstance(hint, type) and issubclass(hint, SettingsTable):
        value = hint.of_text(value)
        if isinstance(value, Mapping):
            return read(hint, value)
        fits = False
    else:
        fits = (
            isinstance(hint, type)
            and isinstance(value, hint)
            and (hint is bool or not isinstance(value, bool))
        )
    if not fits:
        raise ValueError(f"{value!r} cannot be used")
    return value


def table_in(hint: Any) -> type[SettingsTable] | None:
    """The table that a type is, or holds many of."""
    if isinstance(hint, type) and issubclass(hint, SettingsTable):
        return hint
    return next((found for part in get_args(hint) if (found := table_in(part)) is not None), None)


def default_of(kind: type, name: str) -> Any:
    """The dataclass's own default of a key; ``MISSING`` where it must be given."""
    field = next(f for f in fields(kind) if f.name == name)
    return field.default_factory() if field.default_factory is not MISSING else field.default


def written(hint: Any, value: Any) -> Any:
    """A value as TOML has it."""
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    spelled = next((mark for mark in marks if isinstance(mark, Spelled)), None)
    if spelled is not None and value != "":
        return spelled.write(value)
    return list(value) if isinstance(value, tuple) else value

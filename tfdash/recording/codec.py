"""Any value of ``tfdash.model`` as MessagePack, by the names of types and fields, and back: known types alone, each value checked.

Fields that this version does not know are left out, those that the other did not know have their defaults. Numbers beyond 64
bits (billionths of bytes) are written as text. A secret that the program holds, and what is plainly one, goes no further.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import msgspec

from tfdash.anonymise.fields import NAME, FieldRole
from tfdash.model.assessment import Assessment
from tfdash.model.kinds import KINDS
from tfdash.model.kube import Object
from tfdash.model.store_state import StoreState
from tfdash.model.traffic import Signals
from tfdash.recording.measured import MeasuredPods
from tfdash.recording.series import SeriesWriter
from tfdash.text import held_secrets, scrubbed

if TYPE_CHECKING:
    from tfdash.anonymise.anonymiser import Anonymiser

_LEAST, _MOST = -(2**63), 2**64 - 1
_PLAIN: tuple[type[Any], ...] = (str, bytes, int, float)
# whatever ``tfdash.text.scrubbed`` may take out; it decides
_SUSPICIOUS = re.compile(
    rb"PRIVATE KEY|[Bb][Ee][Aa][Rr][Ee][Rr]\s|[Bb][Aa][Ss][Ii][Cc]\s|\beyJ|://[^\s/\"'@]{0,700}@"
)
# a look for one literal is a twentieth of a look for any of several
_ASSIGNED = re.compile(
    b"=(?:"
    + b"|".join(
        b"(?<=(?i:%s=))" % name
        for name in (b"password", b"passwd", b"passphrase", b"pwd", b"token", b"secret", b"key")
    )
    + b")"
)
_BEGINNINGS = tuple(b"ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- xox sk_live_ hvs. AKIA ASIA".split())
_MODELS = (
    "autoscaling",
    "capacity",
    "cert_manager",
    "certificates",
    "custom_kinds",
    "delivery",
    "helm",
    "kube",
    "kubecluster",
    "usage",
)


@cache
def object_types() -> dict[str, type[Object]]:
    """All kinds of objects that a picture may hold, by the type's name; those that have theirs beside the decoder among them."""
    for name in _MODELS:
        import_module(f"tfdash.model.{name}")
    for name in sorted({spec.decoder for spec in KINDS.values() if spec.decoder}):
        import_module(f"tfdash.sources.kubernetes.decoders.{name}")
    found: dict[str, type[Object]] = {}
    left: list[type[Object]] = [Object]
    while left:
        one = left.pop()
        found[one.__name__] = one
        left += one.__subclasses__()
    return found


@cache
def fields_of(of: type) -> dict[str, Any]:
    """The types of its fields: of the signals, the store's state, an assessment."""
    return get_type_hints(of)


@cache
def table_of(of: type, field: str) -> tuple[Any, Any] | None:
    """The types of key and value where that field is a table, else None."""
    hint = fields_of(of)[field]
    for one in (hint, *get_args(hint)):
        origin = get_origin(one)
        if isinstance(origin, type) and hasattr(origin, "items"):
            key, value = get_args(one)
            return key, value
    return None


_decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {}
_making = threading.Lock()


def decoder(of: Any) -> msgspec.msgpack.Decoder[Any]:
    """One thread at a time makes one: msgspec makes the types in it ready then."""
    made = _decoders.get(of)
    if made is None:
        with _making:
            made = _decoders[of] = msgspec.msgpack.Decoder(
                of, strict=False
            )  # a number may be a text: see above
    return made


@cache
def schema() -> dict[str, list[str]]:
    """The fields of each type that a recording of this version may hold: by it a reader of another version tells what it leaves out."""
    found: dict[str, list[str]] = {}
    left: list[Any] = [*object_types().values(), Signals, StoreState, Assessment, MeasuredPods]
    seen: set[Any] = set()
    while left:
        one = left.pop()
        if one in seen:
            continue
        seen.add(one)
        left += get_args(one)
        origin = get_origin(one) or one
        names = getattr(origin, "__struct_fields__", None) or getattr(origin, "_fields", None)
        if isinstance(origin, type) and names:
            found[origin.__name__] = list(names)
            left += get_type_hints(origin).values()
    return dict(sorted(found.items()))


class Encoder:
    """Of one recording. Not for several threads. ``anonymiser``: whoever gives names others, if anybody does; nothing is encoded past it."""

    def __init__(self, anonymiser: Anonymiser | None = None) -> None:
        self._anonymiser = anonymiser
        self.all_learned = False  # the names in what comes are known: it is a matter of speed alone
        self.series = SeriesWriter()
        self._native = msgspec.msgpack.Encoder(enc_hook=self._hook)
        self._plain = msgspec.msgpack.Encoder()
        self._large: set[type] = set()  # types of which one had a number beyond 64 bits
        self._held: tuple[tuple[str, ...], tuple[bytes, ...]] = (), ()

    def value(self, value: Any, role: FieldRole = NAME) -> msgspec.Raw:
        """Its bytes; the series in it wait at ``series``. Raises ``TypeError`` for what is none of the model's."""
        return self._raw(self.shown(value, role))

    def shown(self, value: Any, role: FieldRole = NAME, *, learned: bool = False) -> Any:
        """As it may be written: its names are learned before any sentence is that may name them, unless they are ``learned``. ``role``: of
        the field that it stands in."""
        if self._anonymiser is None:
            return value
        if not (self.all_learned or learned):
            self._anonymiser.learn(value, role=role)
        return self._anonymiser.value(value, role)

    def _raw(self, value: Any) -> msgspec.Raw:
        if type(value) in self._large:
            return self._slowly(value)
        mark = self.series.mark()
        try:
            return msgspec.Raw(self._native.encode(value))
        except OverflowError:
            self.series.back_to(mark)
            self._large.add(type(value))
            return self._slowly(value)

    def _hook(self, value: Any) -> Any:
        """Of what msgspec does not know: a text or number with something more to it is that text or number."""
        for plain in _PLAIN:
            if isinstance(value, plain):
                return plain(value)
        return self.series.hook(value)

    def _slowly(self, value: Any, change: Callable[[str], str] | None = None) -> msgspec.Raw:
        plain = msgspec.to_builtins(value, enc_hook=self._hook)
        return msgspec.Raw(self._plain.encode(_fit(plain, change)))

    def clean(self, value: Any, role: FieldRole = NAME) -> msgspec.Raw:
        """As ``value``, without secrets."""
        return self._clean(self.shown(value, role))

    def _clean(self, value: Any) -> msgspec.Raw:
        mark = self.series.mark()
        made = self._raw(value)
        if self.suspicious(made):
            self.series.back_to(mark)
            made = self._slowly(value, scrubbed)
        return made

    def clean_each(self, values: Sequence[Any]) -> list[msgspec.Raw]:
        """The same of many that are ``shown``; one look at all of them together is cheaper."""
        mark = self.series.mark()
        made = [self._raw(one) for one in values]
        if self.suspicious(b"".join(map(bytes, made))):
            self.series.back_to(mark)
            made = [self._clean(one) for one in values]
        return made

    def suspicious(self, data: bytes | msgspec.Raw) -> bool:
        held = held_secrets()
        if held != self._held[0]:
            self._held = held, tuple(secret.encode("utf-8", "surrogatepass") for secret in held)
        data = bytes(data)
        if _ASSIGNED.search(data) is not None or _SUSPICIOUS.search(data) is not None:
            return True
        return any(one in data for one in (*_BEGINNINGS, *self._held[1]))


def _fit(value: Any, change: Callable[[str], str] | None) -> Any:
    """Plain values as MessagePack can hold them, each text passed through ``change``."""
    if isinstance(value, str):
        return change(value) if change is not None else value
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        return value if _LEAST <= value <= _MOST else str(value)
    if isinstance(value, dict):
        return {_key(k, change): _fit(v, change) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_fit(one, change) for one in value]
    return value


def _key(value: Any, change: Callable[[str], str] | None) -> Any:
    """Who a thing is may hold who another is."""
    return tuple(_key(one, change) for one in value) if isinstance(value, tuple) else _fit(value, change)

"""One walk through any value of the model: every text in it passes by the role of its field, keys of tables too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta, tzinfo
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any, TypeVar

import msgspec

from tfdash.anonymise.fields import NAME, FieldRole, TextRole, noun_of, role_of
from tfdash.anonymise.table import AliasTable
from tfdash.anonymise.words import (
    BARE_KEYS,
    MEMBERS,
    PLAIN_KEYS,
    conventional,
    is_address,
    known_domain,
    plain,
    said,
)
from tfdash.model.kube import Object, Owner
from tfdash.model.kubecluster import Event
from tfdash.model.maintenance import KIND as MAINTENANCE_ITEM
from tfdash.model.samples import Points, Scrapes
from tfdash.model.subject import Key, Subject
from tfdash.model.usage_points import UsagePoints

T = TypeVar("T")
_NO_TEXT = (
    int,
    float,
    Enum,
    bytes,
    Points,
    Scrapes,
    UsagePoints,
    msgspec.Raw,
    date,
    time,
    timedelta,
    tzinfo,
    Fraction,
)


class AnonymisingWalk:
    """One for each file that is handed on, or for a wall while it runs: ``table`` is its only memory of names. Not for several threads.

    ``value`` gives the same type with other texts and never changes what it is given; what holds a type that it does not know raises
    ``TypeError``: nothing passes unseen."""

    def __init__(self, table: AliasTable | None = None) -> None:
        self.table = AliasTable() if table is None else table
        self._learning = False
        self._about: frozenset[str] = frozenset()

    def learn(self, *values: Any, role: FieldRole = NAME) -> None:
        """All names in them, before any text is rewritten: a sentence may name what is met later."""
        before, self._learning = self._learning, True
        try:
            with self.table.gathered():
                for value in values:
                    self._value(value, role)
        finally:
            self._learning = before

    def value(self, value: T, role: FieldRole = NAME) -> T:
        """Any value of the model, with aliases. ``role``: of the field that it stands in, where it is no value by itself."""
        made: T = self._value(value, role)
        return made

    def text(self, text: str) -> str:
        return self.table.text(text)

    # -- the walk -----------------------------------------------------------------------------------------------

    def _value(self, value: Any, role: FieldRole) -> Any:
        of: Any = type(value)
        return _maker(of)(self, value, role)

    def _as_it_is(self, value: Any, role: FieldRole) -> Any:
        return value

    def _sequence(self, value: Any, role: FieldRole) -> Any:
        if role is TextRole.LABELS:
            return self._labelled(value)
        if self._learning:
            for one in value:
                self._value(one, role)
            return value
        return type(value)([self._value(one, role) for one in value])

    def _set(self, value: Any, role: FieldRole) -> Any:
        return type(value)(self._value(one, role) for one in value)

    def _mapping(self, value: Any, role: FieldRole) -> Any:
        if role is TextRole.LABELS:
            return {self._key(k): self._label(k, v) for k, v in value.items()}
        # values first: they tell what a key is
        made = [(k, self._value(v, role)) for k, v in value.items()]
        keys = TextRole.TEXT if role is NAME else role
        return {self._value(k, keys): v for k, v in made}

    def _struct(self, value: msgspec.Struct, role: FieldRole) -> Any:
        outer = self._about
        if isinstance(value, Object):
            self._object(value)
            self._about = frozenset((value.name, value.namespace))
        elif isinstance(value, Owner):
            self._name(value.name, noun_of(value.kind))
        elif isinstance(subject := getattr(value, "subject", None), Subject):
            self._about = frozenset((subject.name, subject.namespace))
        try:
            return self._fields(value)
        finally:
            self._about = outer

    def _fields(self, value: msgspec.Struct) -> Any:
        changes: dict[str, Any] = {}
        for field, role, read in _plan(type(value)):
            before = getattr(value, field)
            if not before:
                continue
            after = read(self, before) if type(before) is str else self._value(before, role)
            if after is not before:
                changes[field] = after
        return msgspec.structs.replace(value, **changes) if changes and not self._learning else value

    def _object(self, one: Object) -> None:
        """Puts its name into the table: after its owner, where it has one."""
        self._name(one.namespace, "namespace")
        if isinstance(one, Event):
            self._name(one.involved_name, noun_of(one.involved_kind))
            owner, sign = one.involved_name, "."
        elif one.owner is not None:
            owner, sign = one.owner.name, "-"
            self._name(owner, noun_of(one.owner.kind))
        else:
            owner, sign = "", ""
        if owner and one.name.startswith(owner + sign) and len(one.name) > len(owner) + 1:
            self.table.below_of(one.name, owner, noun_of(type(one).KIND))
        else:
            self._name(one.name, noun_of(getattr(one, "kind", "") or type(one).KIND or type(one).__name__))

    def _named_tuple(self, value: Any, role: FieldRole) -> Any:
        if isinstance(value, Subject):
            ref = self._value(value.cluster, NAME)
            namespace = self._name(value.namespace, "namespace")
            if value.kind == MAINTENANCE_ITEM:  # our own words, or those of the configuration
                return Subject(ref, value.kind, namespace, self._text(value.name), self._word(value.uid))
            return Subject(
                ref, value.kind, namespace, self._name(value.name, noun_of(value.kind)), self._word(value.uid)
            )
        if isinstance(value, Key):
            return Key(self._name(value.namespace, "namespace"), self._name(value.name, "name"))
        of = type(value)
        return of(
            *(
                self._value(one, role_of(of.__name__, field))
                for field, one in zip(of._fields, value, strict=True)
            )
        )

    # -- texts --------------------------------------------------------------------------------------------------

    def _string(self, text: str, role: FieldRole) -> str:
        return _reader(role)(self, text)

    def _kind_of_string(self, text: str, role: FieldRole) -> str:
        return self._string(str(text), role)

    def _name(self, name: str, noun: str) -> str:
        """Where one names several (``Deployment/web``, ``shop.example at 10.0.0.1:443``) each part is a name of its own."""
        known = self.table.aliases.get(name)
        if known is not None or not name:
            return known or name
        host, sign, address = name.partition(" at ")
        if sign and " " not in host + address:
            return f"{self._name(host, 'host')} at {self._address(address)}"
        kind, sign, rest = name.partition("/")
        if sign and conventional(kind):
            called, more, inside = rest.partition("/")
            return f"{kind}/{self._name(called, noun_of(kind))}{more}{self._name(inside, 'key') if inside else ''}"
        if sign and not name.startswith("/") and " " not in name:
            return f"{self._name(kind, 'namespace')}/{self._name(rest, noun)}"
        if noun == "address":
            return self._address(name)
        return self.table.alias(name, noun)

    def _address(self, address: str) -> str:
        host, colon, port = address.rpartition(":")
        if not colon or not port.isdecimal() or ":" in host.strip("[]"):
            host, colon, port = address, "", ""
        if (plain(host) and not host[:1].isdecimal()) or host in ("None", "127.0.0.1"):
            return address
        return f"{self.table.alias(host, 'address')}{colon}{port}"

    def _text(self, text: str) -> str:
        return text if self._learning else self.table.text(text, self._about)

    def _foreign(self, text: str) -> str:
        return text if self._learning else self.table.foreign(text, self._about)

    def _word(self, word: str) -> str:
        known = self.table.aliases.get(word)
        return known or (word if conventional(word) else self.table.alias(word, "name"))

    def _key(self, key: str) -> str:
        domain, sign, _ = key.rpartition("/")
        if (known_domain(domain) if sign else key in BARE_KEYS) or (conventional(key) and not sign):
            return key
        return self.table.alias(key, "label")

    def _label(self, key: str, value: Any) -> Any:
        if not isinstance(value, str):
            return self._value(value, NAME)
        if is_address(value):
            return self._address(value)
        if key in PLAIN_KEYS or (plain(value) and value not in self.table.aliases):
            return value
        return self._name(value, "value")

    def _labelled(self, value: Any) -> Any:
        """Pairs of key and value; what is wanted of a label: key, operator, values."""
        made: list[Any] = []
        for one in value:
            if not isinstance(one, tuple) or len(one) not in (2, 3) or not isinstance(one[0], str):
                made.append(self._value(one, NAME))
            elif len(one) == 2:
                made.append((self._key(one[0]), self._label(one[0], one[1])))
            else:
                values = one[2] if isinstance(one[2], tuple) else (one[2],)
                told = tuple(self._label(one[0], each) for each in values)
                made.append(
                    (self._key(one[0]), self._word(one[1]), told if isinstance(one[2], tuple) else told[0])
                )
        return type(value)(made)

    def _document(self, text: str) -> str:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return self._name(text, "document")
        return json.dumps(self._leaf(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def _leaf(self, value: Any) -> Any:
        """Of a document: one word is a name, unless it is everybody's; more are a text."""
        if isinstance(value, dict):
            return {key if key in MEMBERS else self._word(key): self._leaf(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._leaf(one) for one in value]
        if not isinstance(value, str):
            return value
        if value[:1] in ("{", "["):
            return self._document(value)
        return self._text(value) if " " in value else self._word(value)

    def document(self, text: str) -> str:
        """JSON that this program writes: its members stay, its texts are rewritten."""
        return json.dumps(self._said(json.loads(text)), indent=2, ensure_ascii=False)

    def _ours(self, text: str) -> str:
        try:
            said = self._said(json.loads(text))
        except (ValueError, RecursionError):
            return self._name(text, "document")
        return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def _said(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._member(key): self._said(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._said(one) for one in value]
        return self._text(value) if isinstance(value, str) else value

    def _member(self, key: str) -> str:
        """Members of our documents are words of ours; what else is there is whom one tells of: a version, a terminal."""
        known = self.table.aliases.get(key)
        if known is not None:
            return key if key in MEMBERS else known
        return key if _OUR_MEMBER.fullmatch(key) or plain(key) else self.table.alias(key, "name")

    def _target(self, text: str) -> str:
        """``Deployment shop/checkout``, as the audit log has it: of what may be gone by now."""
        kind, space, rest = text.partition(" ")
        if not space or kind == MAINTENANCE_ITEM or " " in rest:
            return self._foreign(text)
        namespace, sign, name = rest.rpartition("/")
        return (
            f"{self._word(kind)} {self._name(namespace, 'namespace')}{sign}{self._name(name, noun_of(kind))}"
        )

    def _component(self, name: str) -> str:
        """A program's name: its words may be everybody's (``deployment-controller``)."""
        known = self.table.aliases.get(name)
        return known or (name if said(name) else self.table.alias(name, "program"))


_OUR_MEMBER = re.compile(r"[a-z]+(?:_[a-z0-9]+)*")
_READERS: Mapping[TextRole, Callable[[AnonymisingWalk, str], str]] = {
    TextRole.OWN: lambda self, text: text,
    TextRole.WORD: AnonymisingWalk._word,
    TextRole.TEXT: AnonymisingWalk._text,
    TextRole.FOREIGN: AnonymisingWalk._foreign,
    TextRole.LABELS: lambda self, text: self._name(text, "value"),
    TextRole.KEY: AnonymisingWalk._key,
    TextRole.DOCUMENT: AnonymisingWalk._document,
    TextRole.OURS: AnonymisingWalk._ours,
    TextRole.EMPTY: lambda self, text: "{}",
    TextRole.IMAGE: lambda self, text: self.table.image(text),
    TextRole.URL: lambda self, text: self.table.url(text) if text else text,
    TextRole.PERSON: lambda self, text: self.table.person(text) if text else text,
    TextRole.AMOUNTS: AnonymisingWalk._word,
    TextRole.TARGET: AnonymisingWalk._target,
    TextRole.COMPONENT: AnonymisingWalk._component,
}


@cache
def _reader(role: FieldRole) -> Callable[[AnonymisingWalk, str], str]:
    """What makes of a text that has this role."""
    if isinstance(role, TextRole):
        return _READERS[role]
    noun = role.noun
    return lambda self, text: self._name(text, noun)


@cache
def _plan(
    of: type[msgspec.Struct],
) -> tuple[tuple[str, FieldRole, Callable[[AnonymisingWalk, str], str]], ...]:
    roles = [(field, role_of(of.__name__, field)) for field in of.__struct_fields__]
    return tuple((field, role, _reader(role)) for field, role in roles)


@cache
def _maker(of: type) -> Callable[[AnonymisingWalk, Any, FieldRole], Any]:
    """What walks through values of a type. Raises ``TypeError`` for one that nobody knows."""
    if of is not str and (of is type(None) or issubclass(of, _NO_TEXT)):
        return AnonymisingWalk._as_it_is
    if of is str:
        return AnonymisingWalk._string
    if issubclass(of, tuple | list):
        return AnonymisingWalk._sequence if of in (tuple, list) else AnonymisingWalk._named_tuple
    for kind, make in _MAKERS:
        if issubclass(of, kind):
            return make
    raise TypeError(f"{of.__module__}.{of.__name__} cannot be anonymised")


_MAKERS: tuple[tuple[Any, Callable[[AnonymisingWalk, Any, FieldRole], Any]], ...] = (
    (msgspec.Struct, AnonymisingWalk._struct),
    (str, AnonymisingWalk._kind_of_string),
    ((frozenset, set), AnonymisingWalk._set),
    (Mapping, AnonymisingWalk._mapping),
)

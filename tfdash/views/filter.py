"""The filter language of lists, as k9s has it.

    web-1          a case-insensitive regular expression (RE2: linear time, so no pattern can hold the loop)
    !web           rows that do not match
    -f wb1         fuzzy: the letters in this order within one word
    -l app=web     a label selector: a=b, a!=b, a in (b,c), a notin (b,c), a, !a; joined by commas

A text without metacharacters is looked for as it is, and a text that extends the one before narrows what that left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Literal, Protocol, TypeVar

import re2

K = TypeVar("K", bound=Hashable)
Kind = Literal["none", "text", "regex", "fuzzy", "labels"]
LONGEST = 500  # characters of a filter; more is a paste gone wrong


class FilterError(ValueError):
    """A filter that cannot be understood; the text is one sentence for the prompt."""


class Searchable(Protocol):
    """The part of a row source that filters need."""

    def search_text(self, key: Any) -> str: ...

    def labels(self, key: Any) -> Mapping[str, str]: ...


class Filter:
    """A parsed filter. ``text`` is what was typed; an ``empty`` one lets every row through."""

    __slots__ = ("_labels", "_needle", "_set", "inverse", "kind", "text")

    def __init__(self, text: str) -> None:
        """Raises FilterError with a sentence where ``text`` is no filter."""
        if len(text) > LONGEST:
            raise FilterError(f"The filter is longer than {LONGEST} characters.")
        self.text = text.strip()
        self.inverse = False
        self.kind: Kind = "none"
        self._needle = ""
        self._set: Any = None
        self._labels: tuple[_Requirement, ...] = ()
        self._parse(self.text)

    def _parse(self, text: str) -> None:
        if text == "-l" or text.startswith("-l "):
            self._labels = _requirements(text[2:])
            self.kind = "labels" if self._labels else "none"
        elif text == "-f" or text.startswith("-f "):
            letters = "".join(text[2:].split()).lower()
            self._needle = letters
            self.kind = "fuzzy" if letters else "none"
            if letters:
                self._set = _search_set(r"[^ ]*?".join(re.escape(c) for c in letters))
        else:
            if text.startswith("!"):
                self.inverse, text = True, text[1:].strip()
            self._needle = text.lower()
            if not text:
                self.inverse = False
            elif _META.search(text):
                self.kind, self._set = "regex", _search_set(text)
            else:
                self.kind = "text"

    @property
    def empty(self) -> bool:
        return self.kind == "none"

    def narrows(self, before: Filter) -> bool:
        """True where every row that this lets through, ``before`` lets through too."""
        if before.empty:
            return True
        if self.kind != before.kind or self.inverse or before.inverse:
            return False
        if self.kind == "text":
            return before._needle in self._needle
        return self.kind == "fuzzy" and self._needle.startswith(before._needle)

    def select(self, keys: Iterable[K], rows: Searchable) -> list[K]:
        """The keys that pass, in their order."""
        if self.kind == "none":
            return list(keys)
        if self.kind == "text":  # spelt out: a call for each row would cost more than the search
            needle, text = self._needle, rows.search_text
            if self.inverse:
                return [key for key in keys if needle not in text(key)]
            return [key for key in keys if needle in text(key)]
        passes = self._test(rows)
        return [key for key in keys if passes(key)]

    def matches(self, key: Hashable, rows: Searchable) -> bool:
        return self.kind == "none" or self._test(rows)(key)

    def _test(self, rows: Searchable) -> Callable[[Any], bool]:
        if self.kind == "labels":
            wanted = self._labels
            return lambda key: _satisfies(rows.labels(key), wanted)
        needle, text, inverse = self._needle, rows.search_text, self.inverse
        if self.kind == "text":
            return lambda key: (needle in text(key)) is not inverse
        match = self._set.Match
        return lambda key: bool(match(text(key))) is not inverse


NO_FILTER = Filter("")

_META = re.compile(r"[\\.^$*+?()\[\]{}|]")


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False  # it would write to the terminal that the screen is drawn on
    options.never_nl = True
    return options


def pattern(text: str) -> Any:
    """A compiled case-insensitive RE2 pattern, for searches that want to know where. Raises FilterError."""
    try:
        return re2.compile(text, _options())
    except re2.error as error:
        raise FilterError(f"No regular expression: {_reason(error)}.") from None


def _search_set(text: str) -> Any:
    """A set of one pattern: it answers only whether, which is twice as fast as where."""
    pattern(text)  # for its better message
    found = re2.Set.SearchSet(_options())
    try:
        found.Add(text)
        found.Compile()
    except re2.error as error:
        raise FilterError(f"No regular expression: {_reason(error)}.") from None
    return found


def _reason(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    return (told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)) or "not understood"


# -- label selectors ----------------------------------------------------------------------------------------------


class _Requirement:
    """``key`` is one of ``values`` (None: it merely exists), or with ``negated`` the opposite."""

    __slots__ = ("key", "negated", "values")

    def __init__(self, key: str, values: frozenset[str] | None, negated: bool) -> None:
        self.key, self.values, self.negated = key, values, negated


def _satisfies(labels: Mapping[str, str], wanted: tuple[_Requirement, ...]) -> bool:
    for each in wanted:
        value = labels.get(each.key)
        # As the API server: an absent label satisfies != and notin.
        there = value is not None and (each.values is None or value in each.values)
        if there is each.negated:
            return False
    return True


_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?"
_SET_BASED = re.compile(rf"({_NAME})\s+(in|notin)\s*\(([^()]*)\)")
_EQUALITY = re.compile(rf"({_NAME})\s*(==|!=|=)\s*([A-Za-z0-9._-]*)")
_EXISTS = re.compile(rf"(!?)\s*({_NAME})")


def _requirements(text: str) -> tuple[_Requirement, ...]:
    if text.count("(") != text.count(")"):
        raise FilterError("No label selector: a parenthesis is not closed.")
    parts = [part.strip() for part in re.split(r",(?![^(]*\))", text)]
    return tuple(_requirement(part) for part in parts if part)


def _requirement(part: str) -> _Requirement:
    if match := _SET_BASED.fullmatch(part):
        values = frozenset(value.strip() for value in match[3].split(","))
        return _Requirement(match[1], values, match[2] == "notin")
    if match := _EQUALITY.fullmatch(part):
        return _Requirement(match[1], frozenset((match[3],)), match[2] == "!=")
    if match := _EXISTS.fullmatch(part):
        return _Requirement(match[2], None, bool(match[1]))
    raise FilterError(f"No label selector: {part!r}; write a=b, a!=b, a in (b,c), a notin (b,c), a or !a.")

"""The filter language of lists, as k9s has it.

    web-1          a case-insensitive regular expression (RE2: linear time, so no pattern can hold the loop)
    !web           rows that do not match
    -f wb1         fuzzy: the letters in this order within one word
    -l app=web     a label selector: a=b, a!=b, a in (b,c), a notin (b,c), a, !a; joined by commas
    !-f, !-l       the opposite of these
    restarts>3     a column's number against another: <, <=, >, >=; durations (age<2h) and quantities (cpu>500m) too; cpu%>80 is of its share

What is shown is what is searched: the lines of a row's text are its cells, so that ^ and $ mean a cell's ends.
A text without metacharacters is looked for as it is, and a text that extends the one before narrows what that left.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from math import isnan, nan
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

import re2

from tfdash.labels import Requirement, requirements, satisfies
from tfdash.quantities import NANO, parse
from tfdash.views.age import parse_duration
from tfdash.views.quantity import parse_quantity

K = TypeVar("K", bound=Hashable)
Kind = Literal["none", "text", "regex", "fuzzy", "labels", "number"]
LONGEST = 500  # characters of a filter; more is a paste gone wrong


class FilterError(ValueError):
    """A filter that cannot be understood; the text is one sentence for the prompt."""


class Amount(NamedTuple):
    """``number`` NaN where a cell says none. ``seconds``: it is a duration. ``quantity``: what a limit with a unit (``500m``, ``1Gi``)
    is held against, where that is something else."""

    number: float
    seconds: bool = False
    quantity: float | None = None


class Searchable(Protocol):
    """The part of a row source that filters need."""

    def search_text(self, key: Any) -> str: ...

    def labels(self, key: Any) -> Mapping[str, str]: ...

    def amount(self, key: Any, column: str) -> Amount | None:
        """What a column says as a number; None where there is no such column."""

    def trouble(self, key: Any) -> int:
        """0 for a row that says nothing is wrong; the worse, the more."""


class Filter:
    """A parsed filter. ``text`` is what was typed; an ``empty`` one lets every row through.

    ``not_ok``: of those, only the rows that say something is wrong.
    """

    __slots__ = ("_labels", "_limit", "_needle", "_set", "inverse", "kind", "not_ok", "text")

    def __init__(self, text: str, *, not_ok: bool = False) -> None:
        """Raises FilterError with a sentence where ``text`` is no filter."""
        if len(text) > LONGEST:
            raise FilterError(f"The filter is longer than {LONGEST} characters.")
        self.text = text.strip()
        self.inverse = False
        self.kind: Kind = "none"
        self._needle = ""
        self._set: Any = None
        self._labels: tuple[Requirement, ...] = ()
        self._limit: tuple[str, str, tuple[float, float]] = ("", "", (0.0, 0.0))  # column, comparison, limits
        self.not_ok = not_ok
        self._parse(self.text)

    @property
    def told(self) -> str:
        """What is said behind a count of what is left: ``  only what is not ok  /web-1``."""
        return f"{'  only what is not ok' if self.not_ok else ''}{f'  /{self.text}' if self.text else ''}"

    def _parse(self, text: str) -> None:
        if text.startswith("!") and (bare := text[1:].lstrip()).startswith(("-l", "-f")):
            self.inverse, text = True, bare
        if text == "-l" or text.startswith("-l "):
            try:
                self._labels = requirements(text[2:])
            except ValueError as error:
                raise FilterError(str(error)) from None
            self.kind = "labels" if self._labels else "none"
        elif text == "-f" or text.startswith("-f "):
            letters = "".join(text[2:].split()).lower()
            self._needle = letters
            self.kind = "fuzzy" if letters else "none"
            if letters:
                self._set = _search_set(r"[^ \n]*?".join(re.escape(c) for c in letters))
        else:
            if text.startswith("!"):
                self.inverse, text = True, text[1:].strip()
            self._needle = text.lower()
            compared = _COMPARED.fullmatch(self._needle)
            if compared is not None and (limits := _limits(text[compared.start(3) :])):
                self.kind, self._limit = "number", (compared[1].strip(), compared[2], limits)
            elif not text:
                self.inverse = False
            elif _META.search(text):
                self.kind, self._set = "regex", _search_set(f"(?m){text}")
            else:
                self.kind = "text"

    @property
    def empty(self) -> bool:
        return self.kind == "none" and not self.not_ok

    @property
    def column(self) -> str:
        """By which column's number it chooses, in lower case; "" for other filters."""
        return self._limit[0]

    def only_not_ok(self, wanted: bool) -> Filter:
        """The same text, with or without the rows that say nothing is wrong."""
        return self if wanted is self.not_ok else Filter(self.text, not_ok=wanted)

    def narrows(self, before: Filter) -> bool:
        """True where every row that this lets through, ``before`` lets through too."""
        if before.empty:
            return True
        if before.not_ok or self.not_ok:
            return False
        if self.kind != before.kind or self.inverse or before.inverse:
            return False
        if self.kind == "text":
            return before._needle in self._needle
        return self.kind == "fuzzy" and self._needle.startswith(before._needle)

    def select(self, keys: Iterable[K], rows: Searchable) -> list[K]:
        """The keys that pass, in their order."""
        if self.empty:
            return list(keys)
        if self.not_ok:
            trouble = rows.trouble
            keys = [key for key in keys if trouble(key)]
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
        if self.not_ok and not rows.trouble(key):
            return False
        return self.kind == "none" or self._test(rows)(key)

    def _test(self, rows: Searchable) -> Callable[[Any], bool]:
        if self.kind == "labels":
            wanted, opposite = self._labels, self.inverse
            return lambda key: satisfies(rows.labels(key), wanted) is not opposite
        if self.kind == "number":
            return self._compared(rows)
        needle, text, inverse = self._needle, rows.search_text, self.inverse
        if self.kind == "text":
            return lambda key: (needle in text(key)) is not inverse
        match = self._set.Match
        return lambda key: bool(match(text(key))) is not inverse

    def _compared(self, rows: Searchable) -> Callable[[Any], bool]:
        column, comparison, (number, seconds) = self._limit
        inverse, needle, than = self.inverse, self._needle, _COMPARISONS[comparison]
        unit = _UNIT.search(needle) is not None

        def passes(key: Any) -> bool:
            amount = rows.amount(key, column)
            if amount is None:  # no such column: then it is a text like others
                return (needle in rows.search_text(key)) is not inverse
            limit = seconds if amount.seconds else number
            value = amount.number if not unit or amount.quantity is None else amount.quantity
            return not isnan(value + limit) and than(value, limit) is not inverse

        return passes


_META = re.compile(r"[\\.^$*+?()\[\]{}|]")
_UNIT = re.compile(r"[0-9.]+[a-z]+$")
_COMPARED = re.compile(r"([a-z][a-z _%-]*)(<=|>=|<|>)\s*([0-9][0-9a-z. %]*)")
_COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
NO_FILTER = Filter("")


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


def parse_number(text: str) -> float:
    """What begins a text as a number or quantity: ``3 (5m ago)``, ``1/2``, ``78 %``, ``500m``, ``64Mi``; NaN for none."""
    word = _FIRST.match(text.strip())
    if word is None:
        return nan
    try:
        return parse(word[0]) / NANO
    except ValueError:  # in whatever case
        found = parse_quantity(word[0])
        return nan if found is None else found


def _limits(text: str) -> tuple[float, float] | None:
    """What is compared with, as a quantity and as seconds: ``5m`` is of a thousand, or minutes."""
    number, duration = parse_number(text), parse_duration(text.strip().lower())
    seconds = number if duration is None else duration
    return None if isnan(number) and isnan(seconds) else (number, seconds)


_FIRST = re.compile(r"[0-9][0-9a-zA-Z.]*")

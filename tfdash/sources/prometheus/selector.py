"""Vector selectors with placeholders: read from a template, written for one workload or for many at once.

Only what a template needs of PromQL: ``name{label op "value", ...}``. A value may hold placeholders (``$namespace``).
Matching is done here too, as the server does it (RE2, anchored at both ends), so that what counts as an error is
decided on series that are at hand, and is a subset of the requests by construction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SELECTOR = re.compile(rf"\s*({_NAME})\s*(?:\{{(.*)\}})?\s*", re.DOTALL)
_MATCHER = re.compile(r"""\s*([a-zA-Z_][a-zA-Z0-9_.]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'[^'\\]*')\s*""")
_PLACE = re.compile(r"\$([a-z_]+)")
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


class SelectorError(ValueError):
    """A selector that cannot be read; one sentence without the file's name."""


class Matcher(NamedTuple):
    """``op`` is "=", "!=", "=~" or "!~"."""

    label: str
    op: str
    value: str

    @property
    def places(self) -> tuple[str, ...]:
        """The names of the placeholders in it."""
        return tuple(_PLACE.findall(self.value))

    def __str__(self) -> str:
        return f"{self.label}{self.op}{json.dumps(self.value, ensure_ascii=False)}"


class SeriesSelector(NamedTuple):
    name: str
    matchers: tuple[Matcher, ...] = ()

    def __str__(self) -> str:
        return self.name + ("{" + ",".join(map(str, self.matchers)) + "}" if self.matchers else "")


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """``code=~"5..", method!="OPTIONS"``. Raises ``SelectorError``."""
    found: list[Matcher] = []
    at = 0
    while at < len(text) and text[at:].strip():
        hit = _MATCHER.match(text, at)
        if hit is None:
            raise SelectorError(
                f'cannot read {text[at:].strip()!r}; write label="value", with =, !=, =~ or !~ between them'
            )
        raw = hit.group(3)
        try:
            value = raw[1:-1] if raw[0] == "'" else json.loads(raw)
        except ValueError:
            raise SelectorError(f"{raw}: a backslash must be doubled") from None
        matcher = Matcher(hit.group(1), hit.group(2), value)
        if matcher.op in ("=~", "!~"):
            _regex(_PLACE.sub("x", value))
        if matcher.places and matcher.op in ("!=", "!~"):
            raise SelectorError(f"{matcher}: a placeholder cannot be denied; use = or =~")
        found.append(matcher)
        at = hit.end()
        if at < len(text):
            if text[at] != ",":
                raise SelectorError(f"a comma is missing before {text[at:].strip()!r}")
            at += 1
    return tuple(found)


def parse_selector(text: str) -> SeriesSelector:
    """``http_requests_total{namespace="$namespace"}``. Raises ``SelectorError``."""
    hit = _SELECTOR.fullmatch(text)
    if hit is None:
        raise SelectorError(f'{text!r} is not a selector; write it as name{{label="value"}}')
    return SeriesSelector(hit.group(1), parse_matchers(hit.group(2) or ""))


@lru_cache(512)
def _regex(text: str) -> Any:
    import re2  # late: 10 ms

    try:
        return re2.compile(text)
    except re2.error as error:
        raise SelectorError(f"{text!r} is not a regular expression of RE2: {error}") from None


def matches(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether all of them hold; a label that is absent is "" as in PromQL."""
    for label, op, value in matchers:
        have = labels.get(label, "")
        if op in ("=", "!="):
            if (have == value) is not (op == "="):
                return False
        elif (_regex(value).fullmatch(have) is not None) is not (op == "=~"):
            return False
    return True


def quote(text: str) -> str:
    """``text`` as a regular expression that matches it alone."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def fill(matcher: Matcher, places: Iterable[Mapping[str, tuple[str, ...]]]) -> Matcher:
    """The matcher for one or several workloads; each gives its values by placeholder.

    ``$pods`` stands for the names of a workload's pods and its values are the workload's names: ``(?:a|b)-.+`` is what
    Prometheus matches quickly, and whose pod it is is settled when the answer is there.
    """
    if not matcher.places:
        return matcher
    if matcher.places == ("pods",) and matcher.value == "$pods":
        names = sorted({name for place in places for name in place.get("pods", ())})
        inside = "|".join(map(quote, names))
        return Matcher(matcher.label, "=~", f"(?:{inside})-.+" if len(names) != 1 else f"{inside}-.+")
    values: set[str] = set()
    for place in places:
        values |= _expand(matcher.value, place, as_regex=matcher.op == "=~")
    if matcher.op == "=" and len(values) == 1:
        return Matcher(matcher.label, "=", next(iter(values)))
    written = sorted(values if matcher.op == "=~" else map(quote, values))
    return Matcher(matcher.label, "=~", "|".join(written))


def values_of(matcher: Matcher, place: Mapping[str, tuple[str, ...]]) -> set[str]:
    """What the label of an ``=`` matcher may be for one workload."""
    return _expand(matcher.value, place, as_regex=False)


def _put(value: str, name: str, text: str) -> str:
    """``value`` as it is, backslashes too, for the placeholder."""
    return re.sub(rf"\${name}\b", lambda _: value, text)


def _expand(text: str, place: Mapping[str, tuple[str, ...]], *, as_regex: bool) -> set[str]:
    texts = {text}
    for name in dict.fromkeys(_PLACE.findall(text)):
        options = place.get(name)
        if options is None:
            raise SelectorError(f"nothing is known of the placeholder ${name}")
        given = [quote(o) for o in options] if as_regex and name != "pods" else list(options)
        texts = {_put(o, name, t) for t in texts for o in given}
    return texts

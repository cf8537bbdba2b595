"""Which parts of a line are what, in YAML, JSON, differences, descriptions and logs. One line at a time, when it is drawn."""

from __future__ import annotations

import re
from collections.abc import Callable

Span = tuple[int, int, str]  # start, stop, component class

_YAML = re.compile(
    r"^(?P<lead>\s*(?:- +)*-?\s*)(?:(?P<key>(?:\"[^\"]*\"|'[^']*'|[^\s#'\"\[{&*!|>%@`-][^#]*?|-[^\s#][^#]*?))(?P<colon>:)(?=\s|$))?"
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$")
_WORDS = frozenset({"true", "false", "null", "~", "yes", "no"})
_JSON = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)'
    r"|\b(?P<word>true|false|null)\b"
)
_DESCRIBE = re.compile(r"^(\s*)([A-Z][\w ./()-]{0,40}):(?=\s|$)")
_LEVEL = re.compile(
    r"\b(?:ERROR|FATAL|PANIC|CRITICAL|SEVERE|WARN(?:ING)?)\b|\blevel=(?:error|warn(?:ing)?|fatal)\b"
)
LONGEST = 2000  # characters of a line that are looked at: colours are not worth the time beyond


def yaml_spans(text: str) -> list[Span]:
    """Keys, comments, and what a value is."""
    stripped = text.lstrip()
    if stripped.startswith("#"):
        return [(len(text) - len(stripped), len(text), "text--comment")]
    match = _YAML.match(text)
    if match is None:
        return []
    spans = []
    if match["key"] is not None:
        spans.append((match.start("key"), match.end("key"), "text--key"))
    value = text[match.end() :]
    start = match.end() + len(value) - len(value.lstrip())
    value = value.strip()
    if name := _value(value):
        spans.append((start, start + len(value), name))
    return spans


def _value(value: str) -> str:
    if not value:
        return ""
    if value[0] in "\"'":
        return "text--string"
    if value in _WORDS:
        return "text--word"
    if _NUMBER.match(value):
        return "text--number"
    return ""


def json_spans(text: str) -> list[Span]:
    names = {"key": "text--key", "text": "text--string", "number": "text--number", "word": "text--word"}
    return [(m.start(), m.end(), names[m.lastgroup or "word"]) for m in _JSON.finditer(text)]


def diff_spans(text: str) -> list[Span]:
    """Unified differences; the sign at the line's beginning says what the colour repeats."""
    if text.startswith(("+++", "---")):
        return [(0, len(text), "text--heading")]
    name = {"+": "text--added", "-": "text--removed", "@": "text--comment"}.get(text[:1], "")
    return [(0, len(text), name)] if name else []


def describe_spans(text: str) -> list[Span]:
    match = _DESCRIBE.match(text)
    return [] if match is None else [(match.start(2), match.end(2), "text--key")]


def log_spans(text: str) -> list[Span]:
    """Words by which programs say that something is wrong."""
    return [(m.start(), m.end(), "tok-warn") for m in _LEVEL.finditer(text)]


HIGHLIGHTS: dict[str, Callable[[str], list[Span]]] = {
    "yaml": yaml_spans,
    "json": json_spans,
    "diff": diff_spans,
    "describe": describe_spans,
    "log": log_spans,
    "text": lambda text: [],
}


def spans_of(text: str, language: str) -> list[Span]:
    """The spans of one line; of a very long one only its beginning's."""
    return HIGHLIGHTS[language](text if len(text) <= LONGEST else text[:LONGEST])

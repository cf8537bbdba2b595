"""Takes secrets out of what is about to be recorded, before anything is hashed.

What goes: the values of ``env``, of a Secret's ``data`` and ``stringData``, of keys that are named like a secret, and in
text passwords in URLs, ``Authorization`` values, tokens and private keys. A value found in one place is taken out wherever
else it stands in the same entry. JSON inside strings (request bodies, annotations) is looked into.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tfdash.store.log.canonical import dump
from tfdash.text import GONE, held_secrets

_NAMED = re.compile(
    r"(?i)(pass(word|wd|phrase)?|secret|token|authorization|api[-_.]?key|access[-_.]?key|credentials?|private[-_.]?key"
    r"|client[-_.]?key(-data)?|cookie|dsn|connection[-_.]?string)\Z"
)
_NAMED_WITHIN = re.compile(r"(?i)(password|passwd|passphrase|secret|token|api[-_.]?key|private[-_.]?key)")
_REFERENCE = re.compile(r"(?i)(name|ref|refs|path|file|hash|uid|kind|type|version|expiration\w*|seconds)\Z")
# every repetition is bounded: the time is linear, whatever the text
_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), GONE),
    (re.compile(r"(?i)\b(authorization|proxy-authorization)(\"?\s*[:=]\s*\"?)[^\r\n\"]+"), rf"\1\2{GONE}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {GONE}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), GONE),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://[^\s/:@\"']{0,200}):[^\s/\"']{0,500}@"), rf"\1:{GONE}@"),
    (re.compile(r"\b(gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|sk_live_|hvs\.)[A-Za-z0-9_-]{8,}"), GONE),
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"), GONE),
    (
        re.compile(
            r"(?i)((?:password|passwd|passphrase|pwd|token|secret|api[-_.]?key|private[-_]?key|access[-_]?key))"
            r"(\"?\s*[=:]\s*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s&,;\"']+)"
        ),
        rf"\1\2{GONE}",
    ),
    (re.compile(r"(?i)(?<=-)((?:password|token|secret|api-?key)\s+)[^\s-][^\s]*"), rf"\1{GONE}"),
)
_DIFF_VALUE = re.compile(r"(?m)^(\s*[-+~]?\s*(?:-\s+)?\"?value\"?\s*:\s*)(\S.*)$")
_ENV_PATH = re.compile(r"/env(/(\d+|-))?\Z")
_ENV_VALUE_PATH = re.compile(r"/env/(\d+|-)/value\Z")
_ARGUMENTS = ("args", "command", "argv")
_PUBLIC = frozenset(
    (
        "action",
        "cluster",
        "digest",
        "digests",
        "environment",
        "hash",
        "id",
        "image",
        "images",
        "kind",
        "name",
        "namespace",
        "path",
        "pointer",
        "policy",
        "canary_policy",
        "result",
        "revision",
        "state",
        "subject",
        "target",
        "template_digest",
        "template_hash",
        "topic",
        "uid",
    )
)
_LONG_ENOUGH = 6  # a shorter value ("true", "8080") is taken out of its own place only


class Redactor:
    """``known`` are secrets that the program itself holds (a resolved DSN, a token): they go wherever they stand."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = frozenset(value for value in known if len(value) >= _LONG_ENOUGH)

    def __call__(self, value: Any) -> Any:
        """``value``, made of what JSON can hold, without its secrets."""
        return self.entry(value)[0]

    def entry(self, data: Any, *texts: str, public: Iterable[str] = ()) -> tuple[Any, tuple[str, ...]]:
        """``data`` and the texts that go with it: what was secret in ``data`` goes from the texts too.

        A value that is part of a name, a path, an image or of ``public`` is no secret and stays there: APP_ENV=production
        must not take ``tf-production`` out of the entry.
        """
        found: set[str] = set()
        walked = _walk(data, found)
        names = "\n".join([*public, *_names(walked)])
        found = {value for value in found if value not in names} | self._known | set(held_secrets())
        return _scrub(walked, found), tuple(_scrub(_text(text), found) for text in texts)


def _names(value: Any, key: str = "") -> Iterable[str]:
    """What stands under the keys that name things."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _names(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _names(inner, key)
    elif isinstance(value, str) and key in _PUBLIC:
        yield value


def _take(value: Any, found: set[str]) -> Any:
    """Every leaf of ``value`` gone and remembered."""
    if isinstance(value, Mapping):
        return {key: _take(inner, found) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_take(inner, found) for inner in value]
    if value is None or isinstance(value, bool) or value == "":
        return value
    if isinstance(value, str):
        if len(value) >= _LONG_ENOUGH:
            found.add(value)
        for line in value.splitlines():
            if len(line) >= 16:
                found.add(line)
    return GONE


def _env(items: Any, found: set[str]) -> Any:
    if isinstance(items, list | tuple):
        return [
            {k: (_take(v, found) if k == "value" else _walk(v, found)) for k, v in item.items()}
            if isinstance(item, Mapping)
            else _take(item, found)
            for item in items
        ]
    if isinstance(items, Mapping):
        if set(items) <= {"name", "value", "valueFrom"} and "name" in items:
            return {k: (_take(v, found) if k == "value" else _walk(v, found)) for k, v in items.items()}
        return _take(items, found)
    return _take(items, found)


def _sensitive(key: str) -> bool:
    if _REFERENCE.search(key):
        return False
    return bool(_NAMED.search(key) or _NAMED_WITHIN.search(key))


def _patch(operation: Mapping[str, Any], found: set[str]) -> dict[str, Any]:
    """One JSON Patch operation: its path says what its value is."""
    path = str(operation.get("path", ""))
    last = path.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    value = operation.get("value")
    if _ENV_PATH.search(path):
        value = _env(value, found)
    elif (
        _ENV_VALUE_PATH.search(path)
        or path.startswith("/stringData")
        or (isinstance(value, str) and _sensitive(last))
    ):
        value = _take(value, found)
    else:
        value = _walk(value, found)
    return {**{k: _walk(v, found) for k, v in operation.items() if k != "value"}, "value": value}


def _walk(value: Any, found: set[str]) -> Any:
    if isinstance(value, Mapping):
        if "op" in value and "path" in value and "value" in value:
            return _patch(value, found)
        secret = value.get("kind") == "Secret"
        walked: dict[str, Any] = {}
        for key, inner in value.items():
            name = str(key)
            if secret and name in ("data", "stringData"):
                walked[name] = _take(inner, found)
            elif name == "env":
                walked[name] = _env(inner, found)
            elif name == "stringData" or (isinstance(inner, str) and _sensitive(name)):
                walked[name] = _take(inner, found)
            elif name in _ARGUMENTS and isinstance(inner, list | tuple):
                walked[name] = _arguments(inner, found)
            else:
                walked[name] = _walk(inner, found)
        return walked
    if isinstance(value, list | tuple):
        return [_walk(inner, found) for inner in value]
    if isinstance(value, str):
        stripped = value.lstrip()
        if stripped[:1] in ("{", "["):
            try:
                return dump(_walk(json.loads(value), found))
            except (ValueError, RecursionError):
                return _text(value)
        return _text(value)
    return value


def _arguments(items: Iterable[Any], found: set[str]) -> list[Any]:
    """An argument vector: also what follows an option that is named like a secret."""
    walked: list[Any] = []
    secret_follows = False
    for item in items:
        if secret_follows and isinstance(item, str) and not item.startswith("-"):
            walked.append(_take(item, found))
            secret_follows = False
            continue
        walked.append(_walk(item, found))
        secret_follows = (
            isinstance(item, str)
            and item.startswith("-")
            and "=" not in item
            and _sensitive(item.lstrip("-"))
        )
    return walked


def _text(text: str) -> str:
    for pattern, instead in _TEXT:
        text = pattern.sub(instead, text)
    return _DIFF_VALUE.sub(rf"\1{GONE}", text)


def _scrub(value: Any, found: set[str]) -> Any:
    if not found:
        return value
    if isinstance(value, Mapping):
        return {_scrub(key, found): _scrub(inner, found) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub(inner, found) for inner in value]
    if isinstance(value, str) and value != GONE:
        for secret in sorted(found, key=len, reverse=True):
            if secret in value:
                value = value.replace(secret, GONE)
            escaped = dump(secret)[1:-1]
            if escaped != secret and escaped in value:
                value = value.replace(escaped, GONE)
    return value

"""What never reaches a screen, a file or the clipboard: values of Secrets and what looks like one.

``masked`` works on a decoded JSON document and returns a copy; keys stay, values become ``<hidden, 12 bytes>``.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

from tfdash.hidden import hidden, hidden_in_secret

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_WORDS = frozenset(
    {
        "apikey",
        "auth",
        "bearer",
        "cookie",
        "credential",
        "credentials",
        "creds",
        "dsn",
        "key",
        "pass",
        "passphrase",
        "passwd",
        "password",
        "pat",
        "private",
        "pwd",
        "salt",
        "secret",
        "secrets",
        "signature",
        "token",
        "tokens",
    }
)
_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_MARK_KEY = os.urandom(16)
_REPORT: ContextVar[bool] = ContextVar("report", default=False)
Hide: TypeAlias = Callable[[object], str]
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)([^@/\s]+)(?=@)")
_OPTION = re.compile(r"^(-{1,2}[A-Za-z0-9_.-]+)=(.*)$", re.DOTALL)


def secret_name(name: str) -> bool:
    """Whether a variable, key or option of this name looks as if its value were a secret."""
    words = [w.lower() for w in _SPLIT.split(name) if w]
    return any(w in _WORDS or w.endswith(("password", "secret", "token", "apikey")) for w in words)


def hidden_marked(value: object) -> str:
    """As ``hidden``, with a mark that differs between different values within this process, and tells nothing more:
    for comparing two documents."""
    digest = hashlib.blake2b(str(value).encode(errors="replace"), key=_MARK_KEY, digest_size=3).hexdigest()
    return f"{hidden(value)[:-1]}, {digest}>"


def masked_value(name: str, value: str, hide: Hide = hidden) -> str:
    """``value`` of a variable called ``name``, hidden where the name says so, without the password of a URL."""
    if value and secret_name(name):
        return hide(value)
    return _URL_PASSWORD.sub(r"\1<hidden>", value) if "://" in value else value


@contextmanager
def for_a_report() -> Iterator[None]:
    """Within it the value of every environment variable is hidden, whatever its name: a report goes to people and places
    that may not read the workload itself, a screen shows what its user may read anyway."""
    token = _REPORT.set(True)
    try:
        yield
    finally:
        _REPORT.reset(token)


def masked_variable(name: str, value: str, hide: Hide = hidden) -> str:
    """``value`` of the environment variable ``name``."""
    return hide(value) if value and _REPORT.get() else masked_value(name, value, hide)


def variable_hidden(name: str) -> bool:
    return _REPORT.get() or secret_name(name)


def masked(document: Mapping[str, Any], hide: Hide = hidden) -> dict[str, Any]:
    """A copy of an API object without managedFields and with secret values hidden; of a Secret without annotations."""
    shown = {key: _copy(value, hide) for key, value in document.items()}
    metadata = shown.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
        if shown.get("kind") == "Secret":
            metadata.pop("annotations", None)
        annotations = metadata.get("annotations")
        if isinstance(annotations, dict):
            for name, value in annotations.items():
                if name == LAST_APPLIED:
                    annotations[name] = hide(value)
                elif isinstance(value, str):
                    annotations[name] = masked_value(name.rpartition("/")[2], value, hide)
    if shown.get("kind") == "Secret":
        for field in ("data", "stringData"):
            values = shown.get(field)
            if isinstance(values, dict):
                shown[field] = {
                    key: hidden_in_secret(value, encoded=field == "data") for key, value in values.items()
                }
    return shown


def _copy(value: Any, hide: Hide) -> Any:
    """A deep copy in which every list of variables (``env``) and of arguments has its secrets hidden."""
    if isinstance(value, dict):
        copied = {key: _copy(inner, hide) for key, inner in value.items()}
        for variable in _dicts(copied.get("env")):
            if isinstance(variable.get("value"), str):
                variable["value"] = masked_variable(str(variable.get("name", "")), variable["value"], hide)
        for header in _dicts(copied.get("httpHeaders")):
            if isinstance(header.get("value"), str):
                header["value"] = masked_value(str(header.get("name", "")), header["value"], hide)
        for field in ("args", "command"):
            if isinstance(copied.get(field), list):
                copied[field] = masked_arguments(copied[field], hide)
        return copied
    return [_copy(inner, hide) for inner in value] if isinstance(value, list) else value


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def masked_arguments(arguments: list[Any], hide: Hide = hidden) -> list[Any]:
    """Command line arguments with the values of ``--token=x``, ``--token x`` and of URLs' passwords hidden."""
    shown: list[Any] = []
    hide_next = False
    for argument in arguments:
        if not isinstance(argument, str):
            shown.append(argument)
            continue
        option = _OPTION.match(argument)
        if hide_next and not argument.startswith("-"):
            shown.append(hide(argument))
        elif option is not None:
            shown.append(f"{option[1]}={masked_value(option[1], option[2], hide)}")
        else:
            shown.append(masked_value("", argument, hide))
        hide_next = option is None and argument.startswith("-") and secret_name(argument)
    return shown

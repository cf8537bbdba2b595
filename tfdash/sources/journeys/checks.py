"""What must be true of an answer, and what is taken from it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tfdash.sources.journeys.options import JourneyStep, filled


class HttpResponse(NamedTuple):
    """``headers`` by lower-case name; ``whole`` is False where the body was cut at the cap. ``seconds``: to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool
    seconds: float


class NoSuchValue(Exception):
    pass


def failure(step: JourneyStep, answer: HttpResponse, variables: Mapping[str, str]) -> str:
    """What is wrong with the answer, in a few words that hold nothing of its body or of a secret; "" where it is right."""
    wanted = step.status
    if answer.status not in wanted if wanted else answer.status >= 400:
        return f"{answer.status}" + (f" instead of {' or '.join(map(str, wanted))}" if wanted else "")
    if step.within is not None and answer.seconds > step.within:
        return f"took {answer.seconds * 1000:.0f} ms, {step.within * 1000:g} ms are allowed"
    if not answer.whole and (step.contains or step.matches or step.json_values or step.capture):
        return "the answer is larger than a journey reads"
    text = answer.body.decode(errors="replace") if step.contains or step.matches else ""
    if step.contains and filled(step.contains, variables) not in text:
        return "the answer does not contain the expected text"
    if step.matches:
        import re2

        if re2.search(step.matches, text) is None:
            return "the answer does not match the expected expression"
    if step.json_values:
        document = _document(answer)
        for pointer, expected in step.json_values:
            try:
                found = at_pointer(document, pointer)
            except NoSuchValue:
                return f"the answer has nothing at {pointer or 'its root'}"
            if not same(found, expected):
                return f"another value at {pointer or 'its root'} than expected"
    return ""


def same(found: Any, expected: Any) -> bool:
    """Equal as JSON has it: ``true`` is not 1."""
    return isinstance(found, bool) is isinstance(expected, bool) and bool(found == expected)


def captured(step: JourneyStep, answer: HttpResponse) -> dict[str, str]:
    """The variables that a step takes from its answer. Raises ``NoSuchValue`` with the variable's name."""
    taken: dict[str, str] = {}
    for variable, source in step.capture:
        kind, _, rest = source.partition(":")
        value: Any = None
        if kind == "header":
            value = answer.headers.get(rest.lower())
        elif kind == "json":
            try:
                value = at_pointer(_document(answer), rest)
            except NoSuchValue:
                value = None
        else:
            import re2

            hit = re2.search(rest, answer.body.decode(errors="replace"))
            value = (hit.group(1) if hit.re.groups else hit.group(0)) if hit is not None else None
        if value is None or isinstance(value, dict | list):
            raise NoSuchValue(variable)
        taken[variable] = value if isinstance(value, str) else json.dumps(value)
    return taken


def _document(answer: HttpResponse) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        raise NoSuchValue("") from None


def at_pointer(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901). Raises ``NoSuchValue``."""
    for raw in pointer.split("/")[1:] if pointer else ():
        key = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and key in document:
            document = document[key]
        elif isinstance(document, list) and key.isascii() and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        else:
            raise NoSuchValue(pointer)
    return document

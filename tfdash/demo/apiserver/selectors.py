"""Label and field selectors as query parameters: parsed once, tested on each object; refusals in the server's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from tfdash.demo.apiserver.errors import bad_request
from tfdash.demo.apiserver.objects import Obj, condition_is, dig, labels_of

Test = Callable[[Obj], bool]
_TOKEN = re.compile(r"\s*(!=|==|[=!,()<>]|[^\s=!,()<>]+)")


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            break
        found.append(match.group(1))
        at = match.end()
    return found


class _Labels:
    """A recursive-descent parser of ``a=b,c!=d,e in (f,g),!h,i notin (j),k,l>3``."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def parse(self) -> list[tuple[str, str, tuple[str, ...]]]:
        terms = []
        while self.at < len(self.tokens):
            terms.append(self.term())
            if self.peek() == ",":
                self.take()
                if not self.peek():
                    raise bad_request("found '', expected: identifier after ','")
            elif self.peek():
                raise bad_request(f"found '{self.peek()}', expected: ',' or 'end of string'")
        return terms

    def term(self) -> tuple[str, str, tuple[str, ...]]:
        if self.peek() == "!":
            self.take()
            return self.take(), "absent", ()
        key = self.take()
        if key in ("=", "==", "!=", ",", "(", ")", "<", ">"):
            raise bad_request(
                f"unable to parse requirement: found '{key}', expected: !, identifier, or 'end of string'"
            )
        operator = self.peek()
        if operator in ("", ","):
            return key, "present", ()
        self.take()
        if operator in ("=", "==", "!=", "<", ">"):
            value = "" if self.peek() in ("", ",") else self.take()
            return key, {"==": "="}.get(operator, operator), (value,)
        if operator in ("in", "notin"):
            return key, operator, self.values()
        raise bad_request(
            f"unable to parse requirement: found '{operator}', expected: in, notin, =, ==, !=, gt, lt"
        )

    def values(self) -> tuple[str, ...]:
        if self.take() != "(":
            raise bad_request("unable to parse requirement: found '', expected: '('")
        found: list[str] = []
        while self.peek() not in (")", ""):
            token = self.take()
            if token != ",":
                found.append(token)
        if self.take() != ")":
            raise bad_request("unable to parse requirement: found '', expected: ',' or ')'")
        return tuple(found)


def _holds(key: str, operator: str, values: tuple[str, ...], labels: dict[str, str]) -> bool:
    have = labels.get(key)
    if operator == "present":
        return have is not None
    if operator == "absent":
        return have is None
    if operator in ("=", "in"):
        return have in values
    if operator in ("!=", "notin"):
        return have not in values
    try:
        number, limit = int(have or ""), int(values[0])
    except ValueError:
        return False
    return number > limit if operator == ">" else number < limit


@lru_cache(maxsize=256)
def label_test(text: str) -> Test | None:
    """None where everything is selected."""
    terms = _Labels(text).parse()
    if not terms:
        return None

    def test(obj: Obj) -> bool:
        labels = labels_of(obj)
        return all(_holds(key, operator, values, labels) for key, operator, values in terms)

    return test


def _path(*steps: str, default: str = "") -> Callable[[Obj], str]:
    return lambda obj: str(dig(obj, *steps, default=default))


def _flag(*steps: str) -> Callable[[Obj], str]:
    return lambda obj: "true" if dig(obj, *steps) else "false"


_FIELDS: dict[str, dict[str, Callable[[Obj], str]]] = {
    "pods": {
        "spec.nodeName": _path("spec", "nodeName"),
        "spec.restartPolicy": _path("spec", "restartPolicy"),
        "spec.schedulerName": _path("spec", "schedulerName"),
        "spec.serviceAccountName": _path("spec", "serviceAccountName"),
        "spec.hostNetwork": _flag("spec", "hostNetwork"),
        "status.phase": _path("status", "phase"),
        "status.podIP": _path("status", "podIP"),
        "status.podIPs": _path("status", "podIP"),
        "status.nominatedNodeName": _path("status", "nominatedNodeName"),
    },
    "events": {
        **{
            f"involvedObject.{part}": _path("involvedObject", part)
            for part in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        },
        **{
            f"regarding.{part}": _path("involvedObject", part)
            for part in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        },
        "reason": _path("reason"),
        "reportingComponent": _path("reportingComponent"),
        "source": lambda obj: str(
            dig(obj, "source", "component", default="") or obj.get("reportingComponent", "")
        ),
        "type": _path("type"),
    },
    "nodes": {"spec.unschedulable": _flag("spec", "unschedulable")},
    "namespaces": {"status.phase": _path("status", "phase")},
    "secrets": {"type": _path("type")},
    "services": {"spec.clusterIP": _path("spec", "clusterIP"), "spec.type": _path("spec", "type")},
    "replicasets.apps": {"status.replicas": _path("status", "replicas", default="0")},
    "replicationcontrollers": {"status.replicas": _path("status", "replicas", default="0")},
    "jobs.batch": {"status.successful": lambda obj: "1" if condition_is(obj, "Complete") else "0"},
}


@lru_cache(maxsize=1024)
def field_terms(storage: str, namespaced: bool, text: str) -> tuple[tuple[str, bool, str], ...]:
    """(field, wanted equal, value) for each term of a field selector; unknown fields are refused."""
    terms = []
    for part in filter(None, text.split(",")):
        found = re.match(r"^([^=!]*)(==|=|!=)(.*)$", part)
        if found is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        field, operator, value = found.groups()
        known = field == "metadata.name" or (field == "metadata.namespace" and namespaced)
        if not known and field not in _FIELDS.get(storage, {}):
            raise bad_request(f"field label not supported: {field}")
        terms.append((field, operator != "!=", value))
    return tuple(terms)


def field_test(storage: str, namespaced: bool, text: str) -> Test | None:
    """None where everything is selected. Refuses a field that the kind does not support."""
    terms = field_terms(storage, namespaced, text)
    if not terms:
        return None
    readers = {
        "metadata.name": _path("metadata", "name"),
        "metadata.namespace": _path("metadata", "namespace"),
        **_FIELDS.get(storage, {}),
    }
    checks = [(readers[field], wanted, value) for field, wanted, value in terms]
    return lambda obj: all((read(obj) == value) is wanted for read, wanted, value in checks)


def both(labels: str, fields: str, storage: str, namespaced: bool) -> Test | None:
    """The conjunction of a label and a field selector, None where neither restricts."""
    tests = [t for t in (label_test(labels), field_test(storage, namespaced, fields)) if t is not None]
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    first, second = tests
    return lambda obj: first(obj) and second(obj)

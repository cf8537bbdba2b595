"""A gate as a JUnit report: a suite for each section, a case for each finding.

There are several schemas. This keeps to what the one of Apache Ant and Jenkins' own have in common, so that a strict reader takes it: no
attribute on the root, every count, properties and both outputs on a suite, at most one result on a case. What is not known is an error
and never "skipped", which readers show as well; what is waived or known before is skipped, with its reason. Two cases never share a
name, since GitLab keeps one of each; and no name has a number that changes, since it compares branches by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree import ElementTree

from tfdash.report.gates.answer import GateAnswer, GateCase, GateStanding

_ELEMENTS = {
    GateStanding.FAILS: "failure",
    GateStanding.UNKNOWN: "error",
    GateStanding.WAIVED: "skipped",
    GateStanding.IN_BASELINE: "skipped",
    GateStanding.TOLD: "skipped",
}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOTHING_TAKEN = "0"  # seconds: a case has no time of its own


def write(answer: GateAnswer, what: str) -> str:
    suites: dict[str, list[GateCase]] = {}
    for case in answer.cases:
        suites.setdefault(case.suite, []).append(case)
    root = ElementTree.Element("testsuites")
    for number, (name, cases) in enumerate(suites.items()):
        suite = ElementTree.SubElement(
            root, "testsuite", _suite(f"tfdash gate {what}: {name}", cases, answer.now)
        )
        suite.set("package", f"tfdash.{what}")
        suite.set("id", str(number))
        ElementTree.SubElement(suite, "properties")
        for case in cases:
            _case(suite, case, what)
        ElementTree.SubElement(suite, "system-out").text = _xml(_after(cases))
        ElementTree.SubElement(suite, "system-err").text = _xml(
            "\n".join(filter(None, (answer.reason, *answer.told)))
        )
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _suite(name: str, cases: Iterable[GateCase], now: float) -> dict[str, str]:
    found = [_ELEMENTS[c.standing] if c.standing is not None else "" for c in cases]
    return {
        "name": _xml(name),
        "timestamp": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "hostname": "tfdash",
        "tests": str(len(found)),
        "failures": str(found.count("failure")),
        "errors": str(found.count("error")),
        "skipped": str(found.count("skipped")),
        "time": _NOTHING_TAKEN,
    }


def _case(suite: ElementTree.Element, case: GateCase, what: str) -> None:
    at = {"name": _xml(case.name), "classname": _xml(f"tfdash.{what}.{case.suite}"), "time": _NOTHING_TAKEN}
    made = ElementTree.SubElement(suite, "testcase", at)
    if case.standing is None:
        return
    result = ElementTree.SubElement(made, _ELEMENTS[case.standing], message=_xml(case.sentence))
    if case.standing in (GateStanding.FAILS, GateStanding.UNKNOWN):
        result.set(
            "type",
            case.level.name
            if case.finding is not None
            else "no"
            if case.standing is GateStanding.FAILS
            else "not known",
        )
    else:
        result.set("message", _xml(f"{case.standing.value}: {case.sentence}"))
    result.text = _xml("\n".join((case.sentence, *filter(None, (case.note,)), *case.details)))


def _after(cases: Iterable[GateCase]) -> str:
    """What is well: it stands nowhere else."""
    return "\n".join(case.sentence for case in cases if case.standing is None)


def _xml(text: str) -> str:
    """Without what XML 1.0 cannot hold, not even escaped."""
    return _NOT_XML.sub("\ufffd", text)

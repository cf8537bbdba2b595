"""A procedure as a document: filled with what there is today, safe whatever stands in it, the same in every format."""

from __future__ import annotations

import json
import re
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF, deployment, picture, stateful_set
from tfdash.judging.judge import judge_all
from tfdash.model.kube import HorizontalPodAutoscaler
from tfdash.model.store_state import VerifiedGood
from tfdash.model.subject import Subject
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.library import shipped_texts
from tfdash.playbook.procedures.reading import read_procedure
from tfdash.report.runbooks.document import FilledWith, Plain, document
from tfdash.report.runbooks.html import as_html
from tfdash.report.runbooks.text import as_markdown, as_text
from tfdash.report.runbooks.today import filled_today

TEXT = """title = "restore {services}"
[[inputs]]
id = "services"
title = "all that there are"
type = "workload"
many = true
[[inputs]]
id = "first"
title = "which first"
type = "workload"
optional = true
[[steps]]
id = "all"
title = "each"
kind = "group"
each = "services"
[[steps.steps]]
id = "up"
title = "scale {each.name}"
kind = "action"
action = "workload.scale"
subject = "{each}"
arguments = { replicas = "3" }
"""
HOSTILE = "\\u001b[31m<script>alert(1)</script> `x` | [a](http://b) *c* {{ 1/0 }} {% raw %}"
HPA = HorizontalPodAutoscaler(
    namespace="a",
    name="checkout",
    target_kind="Deployment",
    target_name="checkout",
    min_replicas=2,
    max_replicas=8,
    current=3,
    desired=3,
)


def today(text: str = TEXT, **inputs: tuple[str, ...]) -> Plain:
    seen = picture(deployment(), stateful_set(), HPA)
    subject = Subject(REF, "Deployment", "a", "checkout")
    good = VerifiedGood(
        subject=subject, template="{}", template_hash="h", images=("checkout:2.13.4",), at=NOW
    )
    store = msgspec.structs.replace(seen.store_state, verified={subject: good})
    seen = msgspec.structs.replace(seen, store_state=store)
    judged = judge_all(seen, NOW, stale_after=180.0)
    found = read_procedure("restore", text)
    zone = ZoneInfo("America/New_York")
    return document(found, filled_today(found, inputs, REF, seen, judged, Policies(), zone))


def test_a_list_that_was_not_given_is_all_that_there_are() -> None:
    told = today()
    assert [step["title"] for step in told["steps"]] == ["each", "scale checkout", "scale db"]
    assert told["steps"][2]["lines"] == ["kubectl scale statefulset/db -n a --replicas=3"]
    assert told["inputs"][0]["chosen"] == ["Deployment a/checkout", "StatefulSet a/db"]
    assert [one["value"] for one in told["inputs"][1]["there"]] == told["inputs"][0]["chosen"]
    assert told["filled"].startswith("filled with what production eu-1 had 1970-01-12")


def test_how_they_stood_is_told_for_who_restores_them_by_hand() -> None:
    checkout, db = today()["today"]
    assert checkout["facts"][:2] == ["3 replicas, ok", "HorizontalPodAutoscaler checkout: 2 to 8"]
    assert any(fact.startswith("verified good: checkout:2.13.4") for fact in checkout["facts"])
    assert db["facts"][-1] == "no version is on record as verified good"
    for write in (as_text, as_markdown, as_html):
        assert "2 to 8" in write(today())


def test_what_was_chosen_stays_so() -> None:
    told = today(services=("StatefulSet a/db",))
    assert [step["title"] for step in told["steps"]] == ["each", "scale db"]
    assert [one["name"] for one in told["today"]] == ["StatefulSet a/db"]


@pytest.mark.parametrize("write", [as_text, as_markdown, as_html, json.dumps])
def test_nothing_of_a_file_is_markup_or_control(write: object) -> None:
    text = TEXT.replace('"each"', f'"{HOSTILE}"').replace('"which first"', f'"{HOSTILE}"')
    text = text.replace('kind = "group"', f'kind = "group"\ntext = "{HOSTILE}"\nneeds = ["{HOSTILE}"]', 1)
    out = write(today(text))  # type: ignore[operator]
    assert "\x1b" not in out and "␛[31m" in out.encode().decode(
        "unicode_escape" if write is json.dumps else "utf-8"
    )
    if write is as_html:
        assert "<script" not in out and "{{ 1/0 }}" in out
    if write is as_markdown:
        read = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", out)  # what stands as code is not read
        assert "[a](" not in read and "<script" not in read


@pytest.mark.parametrize("id", shipped_texts())
def test_every_step_of_what_ships_stands_in_every_format(id: str) -> None:
    told = document(read_procedure(id, shipped_texts()[id]), FilledWith())
    for write in (as_text, as_markdown, as_html):
        out = " ".join(write(told).replace("`", "").replace("&#39;", "'").split())
        lacking = [step["title"] for step in told["steps"] if step["title"] not in out]
        assert not lacking, write


@pytest.mark.parametrize("id", shipped_texts())
def test_every_action_has_a_line_that_runs_without_tfdash(id: str) -> None:
    told = document(read_procedure(id, shipped_texts()[id]))
    actions = [step for step in told["steps"] if step["kind"] == "action"]
    assert actions and all(step["lines"] for step in actions)
    assert (
        not [step["id"] for step in actions if step["lines"][0].startswith("# tfdash makes")]
        or id == "release"
    )


ONE = """title = "one"
purpose = "one of them"

[[inputs]]
id = "service"
title = "which"
type = "workload"

[[inputs]]
id = "failed"
title = "its pods"
type = "pod"
many = true
optional = true

[[steps]]
id = "serves"
title = "{service} serves"
kind = "check"
asks = [{ probe = "workload.serving", workload = "{service}" }]

[[steps]]
id = "scale"
title = "scale {service.name}"
kind = "action"
action = "workload.scale"
subject = "{service}"
arguments = { replicas = "3" }

[[steps]]
id = "isolated"
title = "isolate"
kind = "group"
each = "failed"
given = ["failed"]

[[steps.steps]]
id = "one"
title = "isolate {each.name}"
kind = "action"
action = "pod.isolate"
subject = "{each}"
"""


def test_each_line_is_written_for_what_there_is_to_choose() -> None:
    """Today's names, so that it can be pasted: an example of a name is no line of a runbook that is filled."""
    told = today(ONE)
    assert told["steps"][1]["lines"] == [
        "kubectl scale deployment/checkout -n a --replicas=3",
        "kubectl scale statefulset/db -n a --replicas=3",
    ]
    (asked,) = told["steps"][0]["asks"]
    lines = [asked["line"], *asked["more"]]
    assert len(lines) == 2 and "checkout" in lines[0] and "db" in lines[1]
    assert told["steps"][1]["title"] == "scale {service.name}"  # it is not chosen
    for write in (as_text, as_markdown, as_html):
        out = write(told)
        assert all(line in out for line in lines) and "deployment/name" not in out
    assert "checkout" not in json.dumps(told["steps"][3])  # a pod of today is none of that day


def test_what_was_chosen_has_its_line_alone() -> None:
    told = today(ONE, service=("StatefulSet a/db",))
    assert told["steps"][1]["lines"] == ["kubectl scale statefulset/db -n a --replicas=3"]
    assert told["steps"][0]["asks"][0]["more"] == []

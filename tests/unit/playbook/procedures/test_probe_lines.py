"""Each probe is asked of another tool by a line that can be copied: the witness must not be the program that is doubted."""

from __future__ import annotations

import subprocess

import msgspec
import pytest

from tests.unit.playbook.making import NOW
from tests.unit.playbook.procedures.probing import of, probe
from tests.unit.playbook.procedures.test_canary_steps import AT, OBJECT, PASSES, WEB, said
from tfdash.model.judgement import Trigger
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture
from tfdash.model.traffic import Journey, JourneyRun, Query, Traffic
from tfdash.playbook.procedures.probe import Probe
from tfdash.playbook.procedures.probes import PROBES
from tfdash.sources.journeys.options import JourneySettings, JourneyStep, by_curl

GIVEN = {
    "workload": "Deployment a/web",
    "subject": "Deployment a/web",
    "namespace": "a",
    "node": "n1",
    "pod": "a/web-1",
    "version": "2.14.0",
    "source": "prometheus",
}
IN_WORDS = {
    "section": "all rules of a section at once: each of its findings has a line of its own",
}
"""Probes that nothing but tfdash answers, and why; their line says in words how it is seen by hand."""


def filled(one: Probe) -> dict[str, str]:
    return {
        argument.id: GIVEN.get(argument.id, argument.choices[0] if argument.choices else "x1")
        for argument in one.arguments
        if argument.id != "cluster"
    }


@pytest.mark.parametrize("id", sorted(PROBES))
def test_the_line_of_a_probe_is_another_tool_s(id: str) -> None:
    line = PROBES[id].line(filled(PROBES[id]))
    assert line, f"{id} has no line: nobody can hold it against anything"
    first = line.split()[0]
    assert first != "tfdash" and "\n" not in line
    assert (first == "#") == (id in IN_WORDS), line
    parsed = subprocess.run(["sh", "-n", "-c", line], capture_output=True, text=True, check=False)
    assert parsed.returncode == 0, f"no shell reads it: {line}: {parsed.stderr}"


def test_a_source_that_tfdash_alone_reads_says_so() -> None:
    line = PROBES["source.current"].line({"source": "helm"})
    assert line.startswith("# ") and "tfdash alone" in line


def with_signals(**fields: object) -> Picture:
    seen = of(OBJECT)
    return msgspec.structs.replace(seen, signals=msgspec.structs.replace(seen.signals, **fields))


def test_a_verdict_is_asked_of_prometheus_by_the_queries_that_it_rests_on() -> None:
    traffic = Traffic(
        evaluated_at=NOW,
        since=NOW - 600,
        queries=(
            Query("requests", 'r_total{app="web"}[10m]'),
            Query("errors", 'r_total{app="web",code=~"5.."}[10m]'),
            Query("errors", 'r_total{app="web",grpc="13"}[10m]'),
            Query("latency", 'd_seconds_bucket{app="web"}[10m]'),
        ),
    )
    trigger = Trigger(id="errors", title="Error rate", outcome=PASSES.outcome, sentence="x", limit=0.0132)
    judged = msgspec.structs.replace(PASSES, triggers=(trigger,))
    seen = with_signals(traffic={WEB: Observation(value=traffic, observed_at=NOW, complete=True)})
    for id in ("release.verdict-pass", "release.verdict-breach", "release.advised-on"):
        line = probe(seen, id, said=said(AT, judged), workload="Rollout a/web").line
        assert line.count('promtool query instant "$PROMETHEUS_URL"') == 2
        assert (
            'sum by (pod) (rate(r_total{app="web",code=~"5.."}[10m]) or rate(r_total{app="web",grpc="13"}[10m]))'
            ' / sum by (pod) (rate(r_total{app="web"}[10m]))'
        ) in line
        assert 'histogram_quantile(0.9, sum by (pod, le) (rate(d_seconds_bucket{app="web"}[10m])))' in line
        assert line.endswith("# a rollback: Error rate at 1.32 %; a pod's version is its pod-template-hash")
    unmeasured = probe(of(OBJECT), "release.verdict-pass", said=said(AT), workload="Rollout a/web").line
    assert unmeasured.startswith("kubectl get") and "in Prometheus" in unmeasured


def test_a_journey_is_walked_by_curl_or_asked_of_its_prober() -> None:
    own = JourneySettings(
        name="pay",
        url="https://shop.example.com",
        mutates=True,
        steps=(
            JourneyStep(path="/cart?x=a&y=b", headers=(("Authorization", "env:TOKEN"),)),
            JourneyStep(method="POST", path="/pay", body="env:CARD"),
        ),
    )
    line = by_curl(own)
    assert line.startswith(
        "curl -sS -w '%{http_code} %{time_total}\\n' 'https://shop.example.com/cart?x=a&y=b' && "
    )
    assert " -X POST " in line and "TOKEN" not in line and "CARD" not in line
    runs = (JourneyRun(at=NOW, ok=True),)
    seen = with_signals(
        journeys={
            "a": Observation(value=Journey(name="pay", source="http", line=line, runs=runs), observed_at=NOW, complete=True),
            "b": Observation(value=Journey(name="see", source="probe_success{job=\"see\"}", runs=runs), observed_at=NOW, complete=True),
        }
    )  # fmt: skip
    told = probe(seen, "journey.passes", runs="1")
    assert told.passed is True and told.line.startswith(line)
    assert 'promtool query instant "$PROMETHEUS_URL" \'probe_success{job="see"}\'' in told.line


def test_the_calendar_is_a_clock_and_its_windows_in_words() -> None:
    line = probe(of(OBJECT), "calendar.open").line
    assert "date '+%a %F %R %Z'" in line

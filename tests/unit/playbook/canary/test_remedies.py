"""Each remedy that the canary part prints is followed here, and then helps."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import msgspec
import pytest

from tests.syntax import walk
from tests.tui import canaryworld as cw
from tests.unit.playbook.canary.making import BOUNDS, judged, traffic, trigger
from tests.unit.playbook.canary.test_latency import FINE, told
from tests.unit.views.making import NOW, cluster, picture
from tfdash.config.load import load
from tfdash.judging.canaries import traffic_of
from tfdash.model.judgement import Outcome
from tfdash.model.observation import Observation
from tfdash.model.release import Phase
from tfdash.model.subject import Subject
from tfdash.model.traffic import Signals
from tfdash.playbook.canary import default_canary_policy, judge_release
from tfdash.sources.prometheus.options import Options
from tfdash.sources.prometheus.targets import targets_of
from tfdash.views import canaryfacts

ROOT = Path(__file__).parents[4]
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
PLACES = (
    "tfdash/sources",
    "tfdash/playbook/canary",
    "tfdash/views",
    "tfdash/cli",
    "tfdash/store",
    "tfdash/actions",
)
_TABLE = re.compile(r"(?<!\w)\[\[?([a-z]+(?:\.[a-z]+)*)\](?:\]|( [a-z_]+(?:, then [a-z_]+)*)?)")
_KEY = re.compile(r"(?<![/.])\bprometheus\.([a-z]+)\b(?![.(])")


def _texts() -> list[str]:
    """Every string of these modules that is no docstring."""
    found = []
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.py")):
            nodes = list(walk(ast.parse(path.read_text(encoding="utf-8"))))
            prose = {id(n.value) for n in nodes if isinstance(n, ast.Expr)}
            found += [
                n.value
                for n in nodes
                if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in prose
            ]
    return found


def _tables() -> dict[str, str]:
    """The example's tables with what stands under each."""
    parts = re.split(r"^#? ?\[\[?([A-Za-z0-9_.]+)\]\]?.*$", EXAMPLE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.long
def test_every_setting_that_a_remedy_names_is_one() -> None:
    tables, seen = _tables(), set[str]()
    for text in _texts():
        if "\\" in text or "]{" in text:  # a regular expression
            continue
        for table, keys in _TABLE.findall(text):
            assert any(t == table or t.startswith(f"{table}.") for t in tables), text
            for key in re.findall(r"[a-z_]+", keys.replace(", then", "").replace(" out", "")):
                assert re.search(rf"^#? ?{key} =", tables[table], re.MULTILINE), text
                seen.add(key)
        for key in _KEY.findall(text):
            assert re.search(rf"^#? ?{key} =", tables["environments.production.prometheus"], re.MULTILINE), (
                text
            )
            seen.add(key)
    assert {"history", "headers", "bearer", "service"} <= seen, "the sweep finds none any more"


@pytest.mark.parametrize("environment", ["production", "default", "arn:aws:eks:eu-1", 'a.b "c"'])
def test_a_prometheus_is_added_under_the_key_that_is_named(tmp_path: Path, environment: str) -> None:
    ref = cw.REF._replace(environment=environment)
    subject = cw.release().subject._replace(cluster=ref)
    one = msgspec.structs.replace(cw.release(), subject=subject, workload=subject)
    line = canaryfacts.metrics_lines(picture(cluster(ref)), one, NOW)[0]
    blind = judge_release(one, None, (), {}, default_canary_policy(), NOW)
    assert all(t.absent for t in blind.triggers)
    for text in ("".join(c if isinstance(c, str) else c[0] for c in line), blind.triggers[0].sentence):
        named = re.search(r"\[.+\]", text)
        assert named is not None and "no Prometheus is configured" in text
        path = tmp_path / "tfdash.toml"
        path.write_text(f'{named.group()}\nurl = "http://127.0.0.1:9090"\n')
        found = load(path).environments[environment].prometheus
        assert found is not None and found.url == "http://127.0.0.1:9090"


def test_what_is_not_known_yet_names_nothing_to_configure() -> None:
    """Neither before the configuration is read, nor before the first answer, nor of a release that just began."""
    asked = Observation[str]()
    for prometheus in ({}, {cw.REF: asked}, {cw.REF: Observation(value="3", observed_at=NOW)}):
        shown = msgspec.structs.replace(picture(cluster(cw.REF)), signals=Signals(prometheus=prometheus))
        seen = traffic_of(shown, cw.release())
        told = judge_release(cw.release(), seen, (), {}, default_canary_policy(), NOW)
        assert "the metrics have not been read yet" in told.sentence
        assert not any(t.absent for t in told.triggers), "whether they are there is not known"
        around = str(canaryfacts.metrics_lines(shown, cw.release(), NOW))
        assert "configured" not in f"{told.sentence}{around}" and "[" not in told.sentence


def test_bounds_added_around_the_limit_let_it_be_told() -> None:
    refusing = {"latency": {"within_bucket": "refuse"}}
    blind = told(0.2, 0.2, bounds=BOUNDS, **refusing)
    assert blind.outcome is Outcome.NOT_COMPARABLE and "add bounds around" in blind.sentence
    assert told(0.2, 0.2, bounds=FINE, **refusing).outcome is Outcome.PASS


def test_greater_bounds_let_a_saturated_quantile_be_told() -> None:
    blind = told(30.0, 30.0)
    assert "add greater bounds" in blind.sentence
    greater = (*(x / 2 for x in range(1, 200)), float("inf"))
    assert told(30.0, 30.0, bounds=greater).outcome is not Outcome.NOT_COMPARABLE


@pytest.mark.parametrize("started", [NOW - 60, NOW - 86400])
def test_a_shorter_history_and_then_horizon_asks_for_less(started: float) -> None:
    one = cw.release(phase=Phase.PROGRESSING, started=started)

    def asked(**fields: float) -> float:
        return targets_of(cw.REF, {one.subject: one}, Options(**fields), NOW)[0].horizon

    before = asked()
    shorter = asked(history=2100.0)
    assert shorter <= before and asked(history=600.0, horizon=600.0) < shorter


def test_of_what_is_recovered_all_is_asked_for_that_may_be() -> None:
    one, other = cw.release(started=None), cw.release(started=None)
    other = msgspec.structs.replace(other, subject=other.subject._replace(name="other"), workload=None)
    releases, options = {one.subject: one, other.subject: other}, Options()
    for held in (other.subject, Subject(cw.REF, "StatefulSet", "a", "db")):
        found = {one.subject: one.horizon for one in targets_of(cw.REF, releases, options, NOW, {held})}
        assert found[held] == options.history and found[one.subject] < options.history
    assert all(one.horizon < options.history for one in targets_of(cw.REF, releases, options, NOW))


def test_with_metrics_it_is_judged() -> None:
    named = judged(traffic([(600, 6)] * 5, [(600, 6)] * 5))
    assert not trigger(named, "errors").absent

"""``tfdash gate canary`` and ``tfdash snapshot --screen canary`` as a pipeline runs them, against the simulated platform.

Its clock runs fast, so that windows of a minute take seconds; nothing here sleeps, every command has its own longest wait.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from tests.protocol.conftest import client
from tests.unit.cli.server import api_server
from tests.unit.report.test_report import check
from tests.unit.store.helpers import opened
from tests.unit.store.test_reading import left_in
from tfdash.cli import main
from tfdash.clock import SystemClock
from tfdash.config.quick import load_quick
from tfdash.demo.process import DemoOptions, DemoProcess, start_process
from tfdash.model.subject import ClusterRef, Subject
from tfdash.report.schemas import schema

ROOT = Path(__file__).resolve().parents[2]
SPEEDS = {"bad-canary": 12.0, "good-canary": 30.0, "low-traffic": 30.0, "prometheus-down": 1.0}
Place = Callable[..., "Pipeline"]


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


class Pipeline:
    """A pipeline's machine: the simulated platform's configuration, with rounds as fast as its clock."""

    def __init__(
        self, demo: DemoProcess, folder: Path, more: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.config = folder / "tfdash.toml"
        beside = Path(shutil.copy(demo.kubeconfig, folder))  # a simulator's configuration has it beside it
        said = demo.config.read_text().replace(str(demo.kubeconfig), str(beside))
        history = "" if "history" in more else 'history = "2d"\n'  # its clock runs fast
        self.config.write_text(f'{said}\n[metrics]\ninterval = "2s"\n{history}{more}')
        self._capsys = capsys

    def run(self, *argv: str) -> Done:
        """In this process: a tenth of the cost of one of its own."""
        code = main([*argv, "--config", str(self.config)])
        return Done(code, *self._capsys.readouterr())

    def process(self, *argv: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "tfdash", *argv, "--config", str(self.config)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=150,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def json(self, document: str, *argv: str) -> dict[str, Any]:
        done = self.run(*argv, "--format", "json")
        assert done.stdout, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        check(told, schema(document))
        assert told["exit_code"] == done.returncode, done.stderr
        if document == "gate canary":
            assert bool(told["reason"]) is (done.returncode == 2)
        return told

    def gate(self, workload: str, *argv: str) -> dict[str, Any]:
        """Asked again where a busy machine had not read all within the command's own time: that is not what is tested."""
        told = self.json("gate canary", "gate", "canary", "--workload", workload, *argv)
        for _ in range(5):
            if not (told["reason"] or "").startswith("not settled within"):
                break
            told = self.json("gate canary", "gate", "canary", "--workload", workload, *argv)
        return told


@pytest.fixture(scope="module")
def demos() -> Iterator[dict[str, DemoProcess]]:
    running: dict[str, DemoProcess] = {}
    yield running
    for demo in running.values():
        demo.stop()


@pytest.fixture
def place(demos: dict[str, DemoProcess], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    def at(scenario: str, more: str = "", *, fresh: bool = False) -> Pipeline:
        if scenario not in demos or fresh:
            for other in list(demos):  # one at a time: they take the processor from what is tested
                demos.pop(other).stop()
            demos[scenario] = start_process(DemoOptions(scenario=scenario, speed=SPEEDS[scenario]))
        return Pipeline(demos[scenario], tmp_path, more, capsys)

    return at


def outcomes(release: dict[str, Any], trigger: str) -> list[str]:
    [found] = [t for t in release["judgement"]["triggers"] if t["id"] == trigger]
    return [window["outcome"] for window in found["windows"]]


def test_a_bad_canary_is_refused_within_two_windows(place: Place) -> None:
    told = place("bad-canary", fresh=True).gate("tf-production/checkout", "--wait", "60s")
    [release] = told["releases"]
    assert (told["exit_code"], release["verdict"]) == (1, "BREACH")
    assert release["judgement"]["advice"] == "roll back"
    # windows that ended before, not those that have ended by the time at which a busy machine comes to look
    assert outcomes(release, "errors").index("BREACH") <= 2, outcomes(release, "errors")
    assert release["steps"]
    assert release["canary"]["images"][0].endswith(":2.14.0")


def test_the_same_in_words(place: Place) -> None:
    done = place("bad-canary").process("gate", "canary", "--workload", "checkout", "--wait", "60s")
    assert done.returncode == 1
    assert done.stdout.startswith("✖ BREACH  checkout 2.14.0: roll back: Error rate: ")
    assert done.stderr == ""


def test_the_canary_screen_of_a_bad_canary(place: Place) -> None:
    pipeline = place("bad-canary")
    assert pipeline.gate("checkout", "--wait", "60s")["exit_code"] == 1
    told = pipeline.json("snapshot", "snapshot", "--wait", "60s", "--screen", "canary")
    assert told["exit_code"] == 1
    [release] = told["releases"]
    assert (release["subject"]["name"], release["verdict"]) == ("checkout", "BREACH")
    assert told["calendar"]["zone"] == "America/New_York"
    assert told["unread"] == []
    assert [m["problem"] for m in told["metrics"]] == [None]
    done = pipeline.run("snapshot", "--screen", "canary", "--width", "80")
    assert done.returncode == 1
    assert "✖ BREACH  checkout 2.14.0" in done.stdout
    assert "calendar  " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    told = pipeline.json("snapshot", "snapshot", "--wait", "60s", "--screen", "canary", "-n", "elsewhere")
    assert (told["exit_code"], told["releases"], told["namespace"]) == (2, [], "elsewhere")  # no such place


def test_a_good_canary_may_go_on_when_the_hold_is_over(place: Place) -> None:
    """How many requests that takes is chance: until then it is asked for more, and never called bad."""
    pipeline = place("good-canary")
    for _ in range(20):
        told = pipeline.gate("checkout", "--wait", "60s")
        [release] = told["releases"]
        if release["verdict"] != "low traffic":
            break
        assert told["exit_code"] == 2
    assert (told["exit_code"], release["verdict"]) == (0, "pass")
    assert release["judgement"]["advice"] == "promote"


def test_a_pass_by_samples_that_do_not_go_back_to_its_beginning_is_no_yes(place: Place) -> None:
    """A runner has no memory: what a terminal saw crossed before stays crossed."""
    pipeline = place("good-canary", 'history = "3m"\nhorizon = "3m"\n')
    for _ in range(20):  # how many requests a pass takes is chance
        told = pipeline.gate("checkout", "--wait", "60s")
        assert told["exit_code"] == 2
        if "raise [metrics] history" in told["reason"]:
            break
    assert "crossed a limit before" in told["reason"]


def test_a_good_canary_is_held_a_while(place: Place) -> None:
    """More requests may yet widen what a look had passed: it is asked again until it passes, and never let go on."""
    pipeline = place("good-canary", '[policy.canary]\nhold = "10d"\n')
    for _ in range(60):
        told = pipeline.gate("checkout", "--wait", "1s")
        assert told["exit_code"] == 2
        if "held for" in told["reason"]:
            break
    assert "all triggers pass; held for" in told["reason"]


def test_a_failing_journey_of_our_own_is_a_breach_however_good_the_numbers(
    place: Place, tmp_path: Path
) -> None:
    with api_server(tmp_path) as kubeconfig:
        server = json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        journey = f'[[journeys]]\nname = "pay"\nurl = "{server}/pay"\nevery = "1s"\n'
        told = place("good-canary", journey).gate("checkout", "--wait", "30s")
    assert told["exit_code"] == 1
    [trigger] = [t for t in told["releases"][0]["judgement"]["triggers"] if t["id"] == "journeys"]
    assert trigger["outcome"] == "BREACH"
    assert "runs failed at step 1 of 1 (404)" in trigger["sentence"]


def test_a_decision_of_a_person_stops_the_pipeline_and_the_store_is_left_as_it_was(
    place: Place, tmp_path: Path
) -> None:
    """A terminal recorded it; the gate reads it, until it is taken back. A store that cannot be read is no yes."""
    folder = tmp_path / "store"
    pipeline = place("good-canary")
    pipeline.config.write_text(
        re.sub(r'(?m)^path = .*/store"$', f'path = "{folder}"', pipeline.config.read_text())
    )
    calm = pipeline.gate("checkout", "--wait", "60s")
    assert calm["exit_code"] == 0 and not folder.exists()
    told = calm["releases"][0]["subject"]
    where = ClusterRef(load_quick(str(pipeline.config), "", "", "").environment.name, told["cluster"])
    subject = Subject(where, told["kind"], told["namespace"], told["name"])
    ann = opened(folder, SystemClock(), terminal="ann").store
    asyncio.run(ann.remember_manual(subject, "ann", "ann: customers call"))
    before = left_in(folder)
    stopped = pipeline.gate("checkout", "--wait", "60s")
    assert (stopped["exit_code"], stopped["releases"][0]["verdict"]) == (1, "BREACH")
    assert [
        t["sentence"] for t in stopped["releases"][0]["judgement"]["triggers"] if t["id"] == "manual"
    ] == ["ann: customers call"]
    assert "customers call" in pipeline.run("snapshot", "--screen", "canary").stdout
    assert left_in(folder) == before
    asyncio.run(ann.remember_manual(subject, "ann", ""))
    ann.close()
    assert pipeline.gate("checkout", "--wait", "60s")["exit_code"] == 0
    for companion in folder.glob("terminal-0.db-*"):
        companion.unlink()
    (folder / "terminal-0.db").write_bytes(b"no database at all " * 400)
    unread = pipeline.gate("checkout", "--wait", "60s")
    assert unread["exit_code"] == 2
    assert unread["reason"].startswith("whether a person decided to roll back is not known: ")


def test_nothing_in_flight_is_not_known_and_a_name_of_nothing_says_so(place: Place) -> None:
    pipeline = place("good-canary")
    told = pipeline.gate("web")
    assert (told["exit_code"], told["releases"]) == (2, [])
    assert told["reason"] == "no release of web is in flight"
    assert "there is no Deployment, Rollout or Canary nosuch" in pipeline.gate("nosuch")["reason"]
    assert "no namespace elsewhere" in pipeline.gate("elsewhere/checkout")["reason"]
    told = pipeline.json("snapshot", "snapshot", "--wait", "60s", "--screen", "canary", "-e", "staging")
    assert (told["exit_code"], told["releases"]) == (0, [])


def test_too_little_traffic_is_not_known_and_says_what_is_needed(place: Place) -> None:
    told = place("low-traffic").gate("checkout", "--wait", "3s")
    [release] = told["releases"]
    assert (told["exit_code"], release["verdict"]) == (2, "low traffic")
    said = ("more requests of the canary are needed", "cannot be decided at the present rate")
    assert any(words in told["reason"] for words in said)


def test_a_backend_that_does_not_answer_is_not_known(place: Place, demos: dict[str, DemoProcess]) -> None:
    pipeline = place("prometheus-down")
    demo = demos["prometheus-down"]
    with client(demo.kubeconfig, "production") as admin:
        admin.post(f"{demo.control_url}steps", json={"name": "prometheus-down"}).raise_for_status()
    told = pipeline.gate("checkout", "--wait", "2s")
    assert told["exit_code"] == 2
    assert "503" in told["reason"]
    told = pipeline.json("snapshot", "snapshot", "--wait", "60s", "--screen", "canary")
    assert (told["exit_code"], told["releases"][0]["verdict"]) == (2, "query error")
    assert "503" in told["metrics"][0]["problem"]


def example(pipeline: Pipeline, folder: Path, *argv: str) -> tuple[int, dict[str, ElementTree.Element]]:
    """examples/ci/gate.sh as a runner has it: its exit code, and its JUnit reports by their names."""
    mine = {"TFDASH_CONFIG": str(pipeline.config), "REPORTS": str(folder / "reports"), "WAIT": "60s"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", str(ROOT / "examples" / "ci" / "gate.sh"), *argv],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **mine, "PATH": path, "HOME": str(folder)},
        timeout=300,
        check=False,
    )
    reports = {p.stem: ElementTree.parse(p).getroot() for p in sorted((folder / "reports").glob("*.xml"))}
    assert done.stdout or done.returncode == 64, done.stderr
    return done.returncode, reports


def test_the_example_for_a_shell(place: Place, tmp_path: Path) -> None:
    """A pipeline of its own: before a release and after it, with a baseline and without."""
    pipeline = place("bad-canary")
    assert pipeline.gate("tf-production/checkout", "--wait", "60s")["exit_code"] == 1
    code, reports = example(pipeline, tmp_path, "after", "tf-production/checkout")
    assert (code, list(reports)) == (1, ["canary"])
    [failure] = reports["canary"].iter("failure")
    assert "roll back" in failure.attrib["message"]
    assert "no (exit 1)" in (tmp_path / "reports" / "canary.md").read_text()
    code, reports = example(pipeline, tmp_path, "before")
    assert {"all", "release"} <= set(reports)
    said = [bool(list(reports[name].iter("failure"))) for name in ("all", "release")]
    assert said[0], "the canary that must roll back"
    assert code == 1
    # what a release does is in no baseline, whoever writes one
    known = tmp_path / "tfdash-baseline.json"
    written = pipeline.run("gate", "all", "--write-baseline", str(known), "--wait", "5m")
    assert written.returncode == 1 and "in no baseline" in written.stderr
    assert not [f for f in json.loads(known.read_text())["findings"] if f["section"] == "releases"]
    assert example(pipeline, tmp_path, "before")[0] == 1
    for wrong in ((), ("after",), ("until",)):
        assert example(pipeline, tmp_path, *wrong)[0] == 64

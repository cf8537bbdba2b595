"""What was done in a run, written for who was not there: all that its events say, and nothing that is markup or control."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.unit.procedures.test_runs import SO, WALK
from tests.unit.procedures.world import HEAD, Terminal, step
from tfdash.cli import main
from tfdash.model.subject import ClusterRef
from tfdash.procedures.protocols import Given
from tfdash.report.runbooks.evidence import evidence
from tfdash.report.runbooks.evidence_text import evidence_markdown, evidence_text

Make = Callable[..., Terminal]
HOSTILE = "\x1b[31m| **no** <b>\u202e`x`"


def walked(one: Terminal, dry: bool = False) -> str:
    run = one.start("walk", dry=dry).id
    one.do(run, "read", note=HOSTILE, link="https://example.com/1")
    one.do(run, "which", branch="right", reason=HOSTILE)
    one.call(one.runs.note(run, "right", "the valve is behind the door", proposes="say where the valve is"))
    one.skip(run, "right", "it was open already")
    one.do(run, "late")
    one.call(one.runs.close(run, Given(note="all well")))
    return run


def test_the_evidence_of_a_run_has_all_that_its_events_say(terminal: Make) -> None:
    one = terminal({"walk": WALK})
    run = walked(one)
    told = evidence(one.state(run), one.runs.events(run))
    assert told["outcome"] == "done" and not told["rehearsal"]
    assert {step["id"]: step["status"] for step in told["steps"]} == {
        "read": "done",
        "which": "done",
        "left": "not chosen",
        "right": "skipped",
        "late": "done",
    }
    assert told["steps"][0]["evidence"][0]["link"] == "https://example.com/1"
    assert told["steps"][4]["probes"][0]["passed"] is True
    assert told["proposed"][0]["text"] == "say where the valve is"
    assert len(told["events"]) == len(one.runs.events(run))
    shown = evidence_markdown(told) + evidence_text(told) + json.dumps(told, ensure_ascii=False)
    assert "\x1b" not in shown and "\u202e" not in shown
    table = [line for line in evidence_markdown(told).splitlines() if line.startswith("| ")]
    columns = {line.replace("\\|", "").count("|") for line in table}
    assert columns <= {6, 8}  # clocks; steps and journal: no cell of another's text is two


def test_a_gate_that_was_signed_does_not_look_like_one_that_passed(terminal: Make) -> None:
    unknown = '[{ probe = "control-plane.answers" }]'
    steps = (
        step("opened", "gate", asks=unknown, by_hand='"look"', evidence='["note"]')
        + step("passed", "gate", asks=SO)
        + step("go", "approval", role='"lead"', alone='"who is there decides"')
    )
    one = terminal({"try": HEAD + '[roles]\nlead = "decides"\n' + steps})
    run = one.start("try").id
    one.do(run, "opened", worked=True, note="each of them answers")
    one.do(run, "passed")
    one.do(run, "go", alone=True, reason="nobody else is there")
    told = evidence(one.state(run), one.runs.events(run))
    assert [(s["status"], s["signed"], s["alone"]) for s in told["steps"]] == [
        ("done", True, False),
        ("done", False, False),
        ("done", False, True),
    ]
    for shown in (evidence_text(told), evidence_markdown(told)):
        rows = {
            id: next(line for line in shown.splitlines() if f"step {id}" in line)
            for id in ("opened", "passed", "go")
        }
        assert "signed" in rows["opened"] and "done" not in rows["opened"]
        assert "done" in rows["passed"] and "alone" not in rows["passed"]
        assert "done, alone" in rows["go"]


def test_whatever_another_terminal_wrote_no_text_of_the_evidence_is_markup_or_control(terminal: Make) -> None:
    one = terminal({"walk": WALK})
    run = walked(one)
    state = msgspec.structs.replace(
        one.state(run),
        id=HOSTILE,
        cluster=ClusterRef(HOSTILE, HOSTILE),
        steps=tuple(msgspec.structs.replace(step, id=HOSTILE) for step in one.state(run).steps),
    )
    events = [
        msgspec.structs.replace(
            event,
            **dict.fromkeys(("run", "by", "terminal", "step", "sentence", "stamped"), HOSTILE),
            data={**event.data, "proposes": HOSTILE, "note": HOSTILE, "lines": [HOSTILE]},
        )
        for event in one.runs.events(run)
    ]
    told = evidence(state, events)
    shown = evidence_markdown(told) + evidence_text(told) + json.dumps(told, ensure_ascii=False)
    assert "**no**" in shown and "\x1b" not in shown and "\\u001b" not in shown and "\u202e" not in shown


def test_a_run_is_exported_out_of_the_store_alone(
    terminal: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = terminal({"walk": WALK})
    run = walked(one)
    one.end()
    config = tmp_path / "tfdash.toml"
    config.write_text(f'[store]\npath = "{tmp_path / "store"}"\n')
    (tmp_path / "kubeconfig").write_text("apiVersion: v1\nkind: Config\n")
    there = ["--config", str(config), "--run", run]
    assert main(["procedures", "export", *there, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == run
    out = tmp_path / "evidence.md"
    assert main(["procedures", "export", *there, "-o", str(out)]) == 0
    assert "it was open already" in out.read_text()
    assert main(["procedures", "export", "--config", str(config), "--run", "other"]) == 64
    assert run in capsys.readouterr().err


def test_a_rehearsal_says_of_each_step_whether_it_would_go_through(terminal: Make) -> None:
    false = '[{ probe = "time.past", time = "2999-01-01 00:00" }]'
    steps = (
        step("good", "check", asks=SO) + step("bad", "check", asks=false) + step("wait", "wait", asks=false)
    )
    one = terminal({"try": HEAD + steps})
    run = one.start("try", dry=True)
    while run.next:
        run = one.do(run.id, run.next[0])
    told = evidence(run, one.runs.events(run.id))
    assert [bool(step["would_stop"]) for step in told["steps"]] == [False, True, False]
    assert "would stop" in evidence_text(told) and "rehearsal" in evidence_markdown(told)

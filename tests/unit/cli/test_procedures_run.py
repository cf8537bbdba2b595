"""``tfdash procedures run --dry`` and ``resume``, against an API server that has nothing but its version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.server import api_server
from tests.unit.procedures.world import HEAD, Terminal, step
from tfdash.cli import main

SO = '[{ probe = "time.past", time = "2020-01-01 00:00" }]'
NOT_SO = '[{ probe = "time.past", time = "2999-01-01 00:00" }]'
UNKNOWN = '[{ probe = "journey.passes", journey = "x" }]'
FILES = {
    "well": HEAD + step("a", "check", asks=SO) + step("b", "manual"),
    "stops": HEAD + step("a", "check", asks=NOT_SO),
    "unknown": HEAD + step("a", "check", asks=UNKNOWN),
    "by-hand": HEAD + step("a", "check", asks=UNKNOWN, by_hand='"walk through it"'),
    "false": HEAD + step("a", "check", asks=NOT_SO, by_hand='"walk through it"'),
    "sends": HEAD + step("a", "command", command='"flush"') + step("b", "notify", message='"started"'),
}


@pytest.fixture
def config(tmp_path: Path) -> Iterator[list[str]]:
    own = tmp_path / "procedures"
    own.mkdir()
    for id, text in FILES.items():
        (own / f"{id}.toml").write_text(text)
    file = tmp_path / "tfdash.toml"
    file.write_text(
        f'[store]\npath = "{tmp_path / "store"}"\n\n[procedures]\nfolder = "{own}"\n\n'
        f'[procedures.commands.flush]\ncommand = ["touch", "{tmp_path / "sent"}"]\n\n'
        f'[notify.channels.list]\nkind = "command"\ncommand = ["touch", "{tmp_path / "sent"}"]\n'
    )
    with api_server(tmp_path) as kubeconfig:
        yield ["--config", str(file), "--kubeconfig", str(kubeconfig)]


@pytest.mark.parametrize(("id", "code"), [("well", 0), ("stops", 1), ("unknown", 2)])
def test_a_rehearsal_s_code_says_whether_it_would_go_through(
    config: list[str], capsys: pytest.CaptureFixture[str], id: str, code: int
) -> None:
    assert main(["procedures", "run", id, "--dry", "--format", "json", *config]) == code
    told = capsys.readouterr()
    assert json.loads(told.out)["rehearsal"] is True
    assert "--act records it" in told.err


@pytest.mark.parametrize(("id", "code", "how"), [("by-hand", 0, "by_hand"), ("false", 1, "would_stop")])
def test_what_is_signed_where_it_is_not_known_stops_no_rehearsal(
    config: list[str], capsys: pytest.CaptureFixture[str], id: str, code: int, how: str
) -> None:
    assert main(["procedures", "run", id, "--dry", "--format", "json", *config]) == code
    (only,) = json.loads(capsys.readouterr().out)["steps"]
    assert [name for name in ("by_hand", "would_stop") if only[name]] == [how]


@pytest.mark.parametrize("act", [[], ["--act"]])
def test_a_rehearsal_prints_commands_and_messages_and_sends_none(
    config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], act: list[str]
) -> None:
    assert main(["procedures", "run", "sends", "--dry", *act, "--format", "json", *config]) == 0
    command, message = json.loads(capsys.readouterr().out)["steps"]
    assert f"touch {tmp_path / 'sent'}" in command["lines"]
    assert any(line.startswith("list: ") for line in message["lines"])
    assert not (tmp_path / "sent").exists()


def test_what_is_asked_for_wrongly_is_said(config: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["procedures", "run", "well", *config]) == 64
    assert "--dry" in capsys.readouterr().err
    assert main(["procedures", "run", "wel", "--dry", *config]) == 64
    assert "no procedure" in capsys.readouterr().err


def test_what_is_lost_is_rehearsed_in_another_cluster(
    config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = json.dumps(config[config.index("--kubeconfig") + 1])
    regions = "".join(
        f'[[environments.production.clusters]]\nname = "{name}"\nkubeconfig = {kubeconfig}\n'
        for name in ("eu-1", "us-1")
    )
    file = tmp_path / "regions.toml"
    file.write_text(f'[store]\npath = "{tmp_path / "regions"}"\n{regions}')
    service = "services=Deployment shop/web tier=3 replicas=2"
    inputs = ["--input", "lost=eu-1", "--input", service, "--format", "json", "--config", str(file)]
    assert main(["procedures", "run", "environment-failure", "--dry", *inputs]) != 64
    assert json.loads(capsys.readouterr().out)["cluster"] == "us-1"


def test_a_rehearsal_that_is_recorded_is_remembered(
    config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["procedures", "run", "well", "--dry", "--act", "--format", "json", *config]) == 0
    run = json.loads(capsys.readouterr().out)["run"]
    assert main(["procedures", "export", "--run", run, "--format", "json", *config]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "done"


def test_a_run_that_was_handed_over_is_shown_and_taken_up(
    config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    far, file = Terminal(tmp_path / "far", FILES), tmp_path / "run.json"
    try:
        run = far.start("well").id
        far.do(run, "a")
        far.call(far.runs.hand_over(run, str(file)))
    finally:
        far.end()
    assert main(["procedures", "resume", str(file), *config]) == 2
    told = capsys.readouterr()
    assert run in told.out and "--act takes the run up" in told.err
    assert main(["procedures", "export", "--run", run, *config]) == 64
    assert main(["procedures", "resume", str(file), "--act", *config]) == 0
    assert "next: b" in capsys.readouterr().out
    assert main(["procedures", "export", "--run", run, "--format", "json", *config]) == 0
    told_by = json.loads(capsys.readouterr().out)["events"]
    assert [event["from_file"] for event in told_by] == [True, True, True, False]
    (tmp_path / "odd.json").write_text("{}")
    assert main(["procedures", "resume", str(tmp_path / "odd.json"), "--act", *config]) == 64

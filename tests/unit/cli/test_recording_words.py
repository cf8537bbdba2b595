"""Words of recordings that would not be heeded are refused, and what failed leaves nothing in the way of the next try."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.kinds import NOTHING_STORED
from tests.tui import world
from tests.tui.recorded import REF
from tests.unit.recording.worlds import in_file
from tfdash.cli import main
from tfdash.cli.gates import GATES
from tfdash.cli.parser import build, subcommands
from tfdash.model.kube import Condition
from tfdash.model.observation import Observation
from tfdash.model.subject import Key

MORE = {"canary": ["--workload", "auth"], "incident-bundle": ["--yes"], "release": ["--no-clock-check"]}
"""What a command asks for besides."""


def leaves(parser: argparse.ArgumentParser, *words: str) -> Iterator[tuple[list[str], set[str]]]:
    """Every command with its options."""
    children = subcommands(parser)
    for word, child in children.items():
        yield from leaves(child, *words, word)
    if not children:
        yield list(words), set(parser._option_string_actions)


def named(words: list[str]) -> list[str]:
    return [*words, *MORE.get(words[-1], [])]


TAKING = [(named(words), options) for words, options in leaves(build()) if "--recording" in options]
NAMES = ["-".join(w for w in words if not w.startswith("-")) for words, _ in TAKING]


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "TFDASH_CONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["snapshot", "--at", "10:00"], "--at: a moment of a recording; name it: --recording FILE"),
        (["snapshot", "--recording", "r", "-e", "staging"], "--environment: "),
        (["snapshot", "--recording", "r", "--context", "c"], "--context: "),
        (["snapshot", "--recording", "r", "--kubeconfig", "k"], "--kubeconfig: "),
        (["snapshot", "--recording", "away"], "--recording: away: No such file"),
        (["record", "--for", "0s"], "0s is no time; without --for it records until ctrl+c"),
    ],
)
def test_what_would_not_be_heeded_is_refused(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(words)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    assert code == 64 and told in capsys.readouterr().err


def test_no_file_is_left_where_nothing_could_be_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.tfrec"
    for words in (["record", str(file)], ["run", "--record", str(file)]):
        assert main(words) == 3
        assert not file.exists()
    assert capsys.readouterr().err.count("no kubeconfig at") == 1


def ended(words: list[str]) -> int:
    try:
        return main(words)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1


def test_what_judges_can_be_asked_of_a_recording() -> None:
    names = {" ".join(words[:2]) if words[0] in ("gate", "calendar") else words[0] for words, _ in TAKING}
    assert names >= {f"gate {what}" for what in GATES} | {"snapshot", "rightsize", "calendar audit"}


@pytest.mark.parametrize(("words", "options"), TAKING, ids=NAMES)
def test_each_refuses_what_it_would_not_heed(
    words: list[str], options: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = str(lived(tmp_path))
    of = ["--recording", recording]
    for more in (
        [*of, "--environment", "staging"],
        [*of, "--kubeconfig", "k"],
        [*of, "--context", "c"],
        [*of, "--wait", "20s"],
        [*of, "--at", "2026-11-20 10:00"],
        [*of, "--at", "+10m"],
        ["--recording", f"{recording}.none"],
        *([["--at", "10:42"]] if "release" not in words else []),
    ):
        if {word for word in more if word.startswith("--")} <= options:
            assert ended([*words, *more]) == 64, more
            said = capsys.readouterr()
            assert more[-2] in said.err and said.err.count("\n") == 1 and not said.out, more
            if more[-2] == "--at" and "--recording" in more:
                assert "does not hold" in said.err and "it goes from" in said.err


def lived(folder: Path) -> Path:
    """``auth`` has no pod that is available from 09:20 to 09:30."""
    path = folder / "a.tfrec"
    life = in_file(path)
    life.put("put_store_state", NOTHING_STORED)
    life.world()
    life.turn()
    auth = next(o for o in world.objects()["Deployment"] if o.name == "auth")
    away: Any = Condition("Available", "False", since=world.NOW + 300)
    for at, now in (
        (world.NOW + 300, msgspec.structs.replace(auth, ready=0, available=0, conditions=(away,))),
        (world.NOW + 900, auth),
        (world.NOW + 960, auth),
    ):
        for kind, objects in world.objects().items():
            value = {Key(o.namespace, o.name): o for o in objects}
            if kind == "Deployment":
                value[Key(auth.namespace, auth.name)] = now
            seen = Observation(value=value, source="eu-1", observed_at=at, complete=True)
            life.put("put_objects", REF, kind, seen, None, after=max(0.0, at - life.clock.at))
        life.turn()
    life.end()
    return path


def test_the_gate_of_a_recording_gives_the_verdict_of_that_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, found = lived(tmp_path), {}
    for at in ("09:16", "09:20", "end"):
        ended(["gate", "serving", "--format", "json", "--recording", str(path), "--at", at])
        said = capsys.readouterr()
        assert said.out, said.err
        told = json.loads(said.out)
        found[at] = {f["level"] for f in told["findings"] if "/auth " in (f["subject"] or "")}
    assert found == {"09:16": set(), "09:20": {"BREACH"}, "end": set()}


@pytest.mark.parametrize(("words", "options"), TAKING, ids=NAMES)
def test_each_answers_of_a_recording(
    words: list[str],
    options: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = lived(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert ended([*words, "--recording", str(path)]) in (0, 1, 2)
    said = capsys.readouterr()
    assert said.out and "Traceback" not in said.err and "no kubeconfig" not in said.err


@pytest.mark.parametrize("format", ["text", "json", "md", "html", "slack"])
@pytest.mark.parametrize("screen", ["overview", "all"])
def test_a_page_of_a_recording_says_by_which_policy_it_is_judged(
    format: str, screen: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["snapshot", "--screen", screen, "--format", format, "--recording", str(lived(tmp_path))]
    ended(words)
    said = capsys.readouterr()
    assert "the shipped playbook" in said.out and said.err.count("the shipped playbook") == 1
    config = tmp_path / "mine.toml"
    config.write_text("[environments.production]\n")
    ended([*words, "--config", str(config)])
    said = capsys.readouterr()
    assert "the policy of " in said.out and "mine" in said.out and "mine.toml" in said.err

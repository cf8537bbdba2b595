"""What is put together: who may act, with what, and that a read-only program holds nothing that could."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.cli.server import kubeconfig
from tfdash.actions.core.mode import Mode
from tfdash.board.board import Board
from tfdash.cli.acting import ActingParts, approvals_of, compose, mode_of, writers_of
from tfdash.cli.action_policy import kubectl_of, policy_of
from tfdash.cli.compose import board_of, clock_of, clusters_of
from tfdash.cli.store_options import store_options
from tfdash.config.load import load
from tfdash.config.problems import ConfigError
from tfdash.config.quick import QuickConfig, load_quick
from tfdash.config.settings import Settings
from tfdash.model.store_state import StoreState
from tfdash.sources.kubernetes.source import KubernetesSource

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "hunter2-hunter2"


class Place:
    """A configuration in a folder of its own, and what is made of it."""

    def __init__(self, folder: Path, text: str = "") -> None:
        self.folder = folder
        self.kubeconfig = kubeconfig(folder, "http://127.0.0.1:9", token=TOKEN)
        self.path = folder / "tfdash.toml"
        self.path.write_text(text if "[store]" in text else f'{text}\n[store]\npath = "{folder}/store"\n')

    def quick(self) -> QuickConfig:
        return load_quick(str(self.path), kubeconfig=str(self.kubeconfig))

    def settings(self) -> Settings:
        return load(self.path)

    def sources(self) -> list[KubernetesSource]:
        return board_of(self.quick(), self.settings(), clock_of(self.quick()))[1]

    def composed(self, mode: Mode) -> tuple[Board, ActingParts]:
        config = self.quick()
        sources = clusters_of(config.environment, config, clock_of(config))
        board = Board(sources, None, clock_of(config))
        return board, compose(board, config, self.settings(), sources, clock_of(config), mode)


def facts_when(board: Board, true: Callable[[StoreState], bool], seconds: float = 20.0) -> StoreState:
    """The board's facts once they are ``true``; they come by themselves."""
    news = threading.Condition()

    def told(_: object) -> None:
        with news:
            news.notify_all()

    board.subscribe(told)
    board.start()
    try:
        with news:
            assert news.wait_for(lambda: true(board.picture.store_state), seconds), (
                board.picture.store_state.health
            )
        return board.picture.store_state
    finally:
        board.stop()


# -- who may act ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("configured", "read_only", "act", "text"),
    [
        (True, False, False, "READ-ONLY"),  # the default
        (True, False, True, "ELEVATED 15:00"),
        (True, True, False, "READ-ONLY"),
        (True, True, True, "READ-ONLY"),
        (False, False, False, "ACTING"),
        (False, False, True, "ACTING"),
        (False, True, False, "READ-ONLY"),
        (False, True, True, "READ-ONLY"),
    ],
)
def test_who_may_act(configured: bool, read_only: bool, act: bool, text: str) -> None:
    mode = mode_of(replace(load(None), read_only=configured), read_only, act)
    assert mode.now.text.replace("14:59", "15:00") == text
    assert bool(mode.refused) is (text == "READ-ONLY")


def test_an_elevation_lasts_as_configured(tmp_path: Path) -> None:
    settings = Place(tmp_path, '[actions]\nelevation = "5m"\n').settings()
    assert mode_of(settings, False, True).lasts == 300.0


# -- the policy -------------------------------------------------------------------------------------------------------


def test_the_policy_is_the_configuration(tmp_path: Path) -> None:
    place = Place(
        tmp_path,
        """
[actions]
bulk_cap = 3
second_person = ["production/rollout.promote-full"]
[actions.pipelines."workload.rollback"]
command = ["deploy", "back", "{name}"]
[releases]
pairs = [["x", "x-canary"]]
[calendar]
days = ["Mon"]
""",
    )
    policy = policy_of(place.settings(), place.sources())
    assert policy.bulk_cap == 3
    assert policy.second_person == ("production/rollout.promote-full",)
    assert policy.pipelines["workload.rollback"].command == ("deploy", "back", "{name}")
    assert policy.pairs == (("x", "x-canary"),)
    assert policy.calendar is not None
    assert policy.calendar.days == frozenset({0})


@pytest.mark.parametrize(
    "other",
    [
        "[actions]\nbulk_cap = 3\n",
        '[calendar]\ndays = ["Mon"]\n',
        "[policy.canary.errors]\nrelative = 20.0\n",
    ],
)
def test_whatever_decides_changes_the_digest_and_the_machine_does_not(tmp_path: Path, other: str) -> None:
    digests = []
    for number, text in enumerate(("", "", other)):
        folder = tmp_path / str(number)
        folder.mkdir()
        place = Place(folder, text)
        digests.append(policy_of(place.settings(), place.sources()).digest)
    assert digests[0] == digests[1] != digests[2]


def test_kubectl_gets_the_very_access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(
        tmp_path,
        f"""
[environments.production]
kubeconfig = "{tmp_path}/one.kubeconfig"
context = "one"
impersonate = "bob"
impersonate_groups = ["dev", "ops"]
""",
    )
    program = tmp_path / "kubectl"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    config = load_quick(str(place.path))
    sources = clusters_of(config.environment, config, clock_of(config))
    monkeypatch.setenv("PATH", str(tmp_path))
    [command] = kubectl_of(sources).values()
    assert command == (
        str(program),
        "--kubeconfig",
        f"{tmp_path}/one.kubeconfig",
        "--context",
        "one",
        "--as",
        "bob",
        "--as-group=dev",
        "--as-group=ops",
    )
    monkeypatch.setenv("PATH", "")
    assert kubectl_of(sources) == {}


def test_kubectl_never_gets_a_token_by_its_command_line(tmp_path: Path) -> None:
    assert TOKEN not in str(kubectl_of(Place(tmp_path).sources()))


# -- writers ----------------------------------------------------------------------------------------------------------


def test_writers_for_each_cluster_and_for_pipelines(tmp_path: Path) -> None:
    place = Place(tmp_path)
    sources = place.sources()
    writers = writers_of(sources, policy_of(place.settings(), sources))
    assert list(writers.clusters) == [sources[0].ref]
    assert writers.commands is not None
    assert writers.calls is not None


@pytest.mark.parametrize(("told", "stamps"), [("auto", False), ("kubernetes", True), ("none", False)])
def test_who_stamps_a_second_person(tmp_path: Path, told: str, stamps: bool) -> None:
    place = Place(tmp_path, f'[store]\npath = "{tmp_path}/store"\napprovals = "{told}"\n')
    options = store_options(place.settings(), place.path)
    sources = place.sources()
    writers = writers_of(sources, policy_of(place.settings(), sources))
    assert (approvals_of(options, writers, clock_of(place.quick())) is not None) is stamps
    assert approvals_of(options, None, clock_of(place.quick())) is None  # whoever only reads asks nobody


def test_a_read_only_service_says_why_and_an_acting_one_acts(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for mode in (Mode(), Mode(acts=True), Mode(acts=True, lasts=900.0)):
        board, acting = place.composed(mode)
        assert acting.actions.mode.posture is mode.now.posture
        board.stop()


MODULES = """
import json, sys
from pathlib import Path
from tfdash.cli import main

def one(path, command):
    if command[0] != "compose":
        main([*command, "--config", path])
        return
    from tfdash.cli.acting import compose, mode_of
    from tfdash.cli.compose import board_of, clock_of
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    config, settings = load_quick(path), load(Path(path))
    board, sources = board_of(config, settings, clock_of(config))
    mode = mode_of(settings, "--read-only" in command, "--act" in command)
    compose(board, config, settings, sources, clock_of(config), mode)

path, out = sys.argv.pop(), sys.stdout
sys.stdout = sys.stderr
for line in sys.stdin:
    one(path, line.split())
    print(line.strip(), json.dumps([m for m in sys.modules if m.startswith(("tfdash.writers.", "textual", "screens"))]),
          sep="|", file=out)
"""
READING = (
    "compose",
    "compose --read-only --act",
    "snapshot --screen canary --wait 1s",
    "gate release",
    "gate canary --workload x",
    "doctor",
    "audit tail",
)


def test_only_who_acts_imports_what_can_write(tmp_path: Path) -> None:
    """One process after another would be truer and slower: what one command brought would be seen by all after it."""
    place = Place(tmp_path, f'[environments.production]\nkubeconfig = "{tmp_path}/one.kubeconfig"\n')
    env = {k: v for k, v in os.environ.items() if k not in ("KUBECONFIG", "TFDASH_CONFIG")}
    done = subprocess.run(
        [sys.executable, "-c", MODULES, str(place.path)],
        input="\n".join((*READING, "compose --act")),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**env, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)},
        timeout=60,
        check=True,
    )
    found = {
        name: json.loads(told) for name, _, told in (line.partition("|") for line in done.stdout.splitlines())
    }
    writing = found.pop("compose --act")
    assert found == {name: [] for name in READING}
    assert "tfdash.writers.kubernetes" in writing
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stderr


# -- what is broken does not keep it from starting --------------------------------------------------------------------


def _file(folder: Path) -> str:
    (folder / "file").write_text("")
    return f"{folder}/file"


@pytest.mark.parametrize(
    "where",
    [
        _file,
        lambda folder: f"{_file(folder)}/store",
        lambda folder: "/proc/tfdash-store",  # nobody can make a folder there
        lambda folder: f"{folder}/{'x' * 300}",
    ],
    ids=["a file", "under a file", "no folder can be made", "too long a name"],
)
@pytest.mark.parametrize("mode", [Mode(acts=True), Mode()], ids=["acting", "read-only"])
def test_a_store_that_cannot_be_had_is_said_and_the_program_starts(
    tmp_path: Path, where: Callable[[Path], str], mode: Mode
) -> None:
    board, acting = Place(tmp_path, f'[store]\npath = "{where(tmp_path)}"\n').composed(mode)
    if mode.acts:
        facts = facts_when(board, lambda f: bool(f.health.local))
        assert facts.health.path == ""
        assert str(tmp_path) in facts.health.local or "/proc" in facts.health.local
    else:
        board.start()
        board.stop()
    assert acting.entries() == ()


def test_a_shared_store_that_is_not_reached_is_said_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("STORE", f"postgresql://ann:{TOKEN}@127.0.0.1:9/tfdash")
    text = f'[store]\npath = "{tmp_path}/store"\nurl = "env:STORE"\ndeadline = "500ms"\n'
    board, acting = Place(tmp_path, text).composed(Mode(acts=True))
    facts = facts_when(board, lambda f: bool(f.health.shared))
    assert facts.health.local == ""
    assert facts.health.shared_configured
    for told in (repr(facts), repr(acting.options), repr(acting), caplog.text):
        assert TOKEN not in told


def test_a_secret_that_cannot_be_had_is_named_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORE", raising=False)
    place = Place(tmp_path, '[store]\nurl = "env:STORE"\n')
    with pytest.raises(ConfigError) as refused:
        place.composed(Mode())
    assert "store.url" in str(refused.value)
    assert "STORE is not set" in str(refused.value)
    place = Place(tmp_path, f"[store]\nurl = \"command:sh -c 'echo {TOKEN}; exit 3'\"\n")
    with pytest.raises(ConfigError) as refused:
        place.composed(Mode())
    assert TOKEN not in str(refused.value)


async def test_what_the_program_holds_is_never_recorded(tmp_path: Path) -> None:
    from tfdash.model.store_state import EntryKind

    _, acting = Place(tmp_path).composed(Mode(acts=True))
    entry = await acting.ledger.append(EntryKind.NOTE, actor="ann", sentence=f"the server said {TOKEN}")
    assert TOKEN not in repr(entry)
    assert TOKEN.encode() not in b"".join(p.read_bytes() for p in (tmp_path / "store").glob("terminal-*"))


# -- journeys ---------------------------------------------------------------------------------------------------------

JOURNEYS = """
[[journeys]]
name = "read"
url = "http://127.0.0.1:9/"
[[journeys]]
name = "pay"
url = "http://127.0.0.1:9"
mutates = true
[[journeys.steps]]
path = "/pay"
method = "POST"
"""


@pytest.mark.parametrize(
    ("mode", "pays"), [(Mode(), False), (Mode(acts=True, lasts=900.0), False), (Mode(acts=True), True)]
)
def test_journeys_that_change_things_run_only_where_acting_is_configured(
    tmp_path: Path, mode: Mode, pays: bool
) -> None:
    board, _ = Place(tmp_path, JOURNEYS).composed(mode)
    seen: dict[str, str] = {}
    news = threading.Condition()

    def told(_: object) -> None:
        with news:
            for one in board.picture.signals.journeys.values():
                if one.value is not None and (one.problem is not None or one.value.runs):
                    seen[one.value.name] = str(one.problem or "ran")
            news.notify_all()

    board.subscribe(told)
    board.start()
    try:
        with news:
            assert news.wait_for(lambda: len(seen) == 2, 20.0), seen
    finally:
        board.stop()
    assert seen["read"] == "ran"
    assert (seen["pay"] == "ran") is pays


def test_a_second_terminal_does_not_run_them_as_well(tmp_path: Path) -> None:
    place = Place(tmp_path, JOURNEYS)
    first, _ = place.composed(Mode())
    second, _ = place.composed(Mode())

    def settled(board: Board) -> Callable[[], bool]:
        return lambda: (
            len([o for o in board.picture.signals.journeys.values() if o.problem or o.complete]) == 2
        )

    news = threading.Condition()

    def told(_: object) -> None:
        with news:
            news.notify_all()

    for board in (first, second):
        board.subscribe(told)
        board.start()
        with news:
            assert news.wait_for(settled(board), 20.0)
    problems = [str(o.problem) for o in second.picture.signals.journeys.values()]
    first.stop()
    second.stop()
    assert all("another terminal runs the journeys" in p for p in problems), problems

"""Steps that run a command: of the allow-list alone, with inputs as whole words, begun once, and found again after a kill."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.procedures.world import HEAD, Terminal, step
from tests.waiting import until
from tfdash.model.run import RunEventKind, StepStatus
from tfdash.playbook.procedures.settings import AllowedCommand, ProceduresSettings
from tfdash.procedures.protocols import Given, Place, RunRefused, Work, WorkSeen, WorkState
from tfdash.procedures.steps import command
from tfdash.procedures.words import argv_of
from tfdash.writers.places import keeper
from tfdash.writers.places.here import HerePlace
from tfdash.writers.places.memory import MemoryOfWork, read_json

Make = Callable[..., Terminal]
INPUTS = '[[inputs]]\nid = "word"\ntitle = "a word"\ntype = "text"\n\n[[inputs]]\nid = "many"\ntitle = "words"\ntype = "text"\nmany = true\noptional = true\n\n'


def allowing(**commands: Any) -> ProceduresSettings:
    made = {
        name: given if isinstance(given, AllowedCommand) else AllowedCommand(command=given)
        for name, given in commands.items()
    }
    return ProceduresSettings(commands=made)


class World:
    def __init__(self, make: Make, folder: Path) -> None:
        self.make, self.folder = make, folder
        self.memory = MemoryOfWork(folder / "store" / "work")
        self.counter = folder / "counter"

    def terminal(self, text: str, settings: ProceduresSettings, place: Place | None = None) -> Terminal:
        found = place or HerePlace(self.memory)
        return self.make({"p": HEAD + text}, places=lambda name, cluster, allowed: found, allowed=settings)

    def ended(self, one: Terminal, run: str, id: str = "c") -> StepStatus:
        def now() -> StepStatus | None:
            one.looked()
            status = one.step(run, id).status
            return None if status is StepStatus.RUNNING else status

        found = until(now, lambda: one.step(run, id))
        assert found is not None
        return found


@pytest.fixture
def world(terminal: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(command, "_SOON", 0.0)  # their clock stands: the place is asked with each look
    yield World(terminal, tmp_path)
    for about in (tmp_path / "store" / "work").glob("*/begun"):
        began = read_json(about) or {}
        if began.get("pid") and keeper.start_of(began["pid"]) == began["start"]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(began["pid"], signal.SIGKILL)


COMMAND = step("c", "command", command='"say"')


def test_it_runs_and_what_it_said_is_in_the_run(world: World) -> None:
    one = world.terminal(COMMAND, allowing(say=("sh", "-c", "echo hello; exit 0")))
    run = one.start("p").id
    assert one.prepare(run, "c").lines == ("sh -c 'echo hello; exit 0'", "on this machine")
    one.do(run, "c")
    assert world.ended(one, run) is StepStatus.DONE
    event = one.runs.events(run)[-1]
    assert (event.sentence, event.data["output"], event.data["code"]) == ("it ended with 0", "hello", 0)


def test_one_that_fails_has_failed_and_is_done_again_under_another_key(world: World) -> None:
    script = f'echo x >> "{world.counter}"; exit 3'
    one = world.terminal(COMMAND, allowing(say=("sh", "-c", script)))
    run = one.start("p").id
    for times in (1, 2):
        one.do(run, "c")
        assert world.ended(one, run) is StepStatus.FAILED
        assert world.counter.read_text() == "x\n" * times


def test_what_is_not_allowed_is_refused_and_may_be_done_by_hand(world: World) -> None:
    """What is to be done instead is what the keys offer."""
    text = COMMAND + step("d", "command", command='"say"', by_hand='"say it"')
    one = world.terminal(text, allowing(other=("true",)))
    run = one.start("p").id
    prepared = one.prepare(run, "c")
    assert "is not among the commands" in prepared.refused and "do" not in prepared.may
    assert "skip" in prepared.may and "or do it by hand and skip the step" in prepared.refused
    with pytest.raises(RunRefused, match="is not among the commands"):
        one.do(run, "c")
    assert one.step(run, "c").status is StepStatus.READY
    one.skip(run, "c", "it is not needed")
    by_hand = one.prepare(run, "d")
    assert "sign" in by_hand.may and "or do it by hand and sign it" in by_hand.refused


def test_a_place_that_the_command_may_not_run_at_is_refused(world: World) -> None:
    text = step("c", "command", command='"say"', place='"host db-1"')
    one = world.terminal(text, allowing(say=("true",)))
    run = one.start("p").id
    with pytest.raises(RunRefused, match="may not run at host db-1; it may run at here"):
        one.do(run, "c")


@pytest.mark.parametrize("word", ["a b", "$(id)", "'; exit 1 #", "{word}", "{many}"])
def test_an_input_is_one_whole_word(world: World, word: str) -> None:
    out = world.folder / "out"
    one = world.terminal(
        INPUTS + COMMAND, allowing(say=("sh", "-c", f'printf "%s|" "$@" > "{out}"', "sh", "{word}", "--"))
    )
    run = one.start("p", word=(word,)).id
    one.do(run, "c")
    assert world.ended(one, run) is StepStatus.DONE
    assert out.read_text() == f"{word}|--|"


@pytest.mark.parametrize("word", ["-rf", "--force", "-", "a\0b", "x" * (1 << 20), "\ud800"])
def test_what_no_word_can_hold_is_refused(word: str) -> None:
    allowed = AllowedCommand(command=("echo", "{word}", "{words}"))
    for values, words in (({"word": word}, ()), ({"word": "w"}, (word,))):
        with pytest.raises(RunRefused):
            argv_of(allowed, values, words)
    assert argv_of(allowed, {"word": "a\nb"}, ()) == ("echo", "a\nb")


def test_the_words_of_a_step_come_where_the_command_takes_them(world: World) -> None:
    out = world.folder / "out"
    text = INPUTS + step("c", "command", command='"say"', words='["fixed", "{word}", "{many}"]')
    script = f'printf "%s|" "$@" > "{out}"'
    one = world.terminal(text, allowing(say=("sh", "-c", script, "sh", "{words}", "end")))
    run = one.start("p", word=("w",), many=("1", "2")).id
    one.do(run, "c")
    assert world.ended(one, run) is StepStatus.DONE
    assert out.read_text() == "fixed|w|1|2|end|"
    two = world.terminal(text, allowing(say=("true",)))
    run = two.start("p", word=("w",)).id
    with pytest.raises(RunRefused, match="takes no words"):
        two.do(run, "c")


def test_a_word_of_a_step_is_never_an_option(world: World) -> None:
    text = step("c", "command", command='"say"', words='["--force"]')
    one = world.terminal(text, allowing(say=("echo", "{words}")))
    run = one.start("p").id
    with pytest.raises(RunRefused, match="would be taken for an option"):
        one.do(run, "c")


def test_what_nothing_is_known_for_is_refused(world: World) -> None:
    one = world.terminal(COMMAND, allowing(say=("echo", "{service}")))
    run = one.start("p").id
    with pytest.raises(RunRefused, match=r"nothing is known for \{service\}"):
        one.do(run, "c")


def test_a_rehearsal_shows_it_and_runs_nothing(world: World) -> None:
    one = world.terminal(COMMAND, allowing(say=("sh", "-c", f'echo x >> "{world.counter}"')))
    run = one.start("p", dry=True).id
    one.do(run, "c")
    assert one.step(run, "c").status is StepStatus.DONE
    assert not world.counter.exists() and not world.memory.folder.exists()


def test_another_terminal_follows_it_to_its_end(world: World) -> None:
    go = world.folder / "go"
    settings = allowing(
        say=("sh", "-c", f'echo x >> "{world.counter}"; until [ -e "{go}" ]; do sleep 0.05; done')
    )
    one = world.terminal(COMMAND, settings)
    run = one.start("p").id
    one.do(run, "c")
    one.end()
    two = world.terminal(COMMAND, settings)
    two.until(lambda: two.runs.run(run))
    two.looked()
    assert two.step(run, "c").status is StepStatus.RUNNING
    assert any("it runs here as process" in line for line in two.prepare(run, "c").lines)
    go.touch()
    assert world.ended(two, run) is StepStatus.DONE
    assert world.counter.read_text() == "x\n"


class Killed(BaseException):
    """Stands for the end of the program at this very point: nothing is written behind it."""


class DyingPlace:
    """The real place of this machine, in a program that is killed ``at`` a point of beginning: before the place was asked, or behind."""

    def __init__(self, place: HerePlace, at: str) -> None:
        self._place, self._at = place, at
        self.shown, self.mark, self.look, self.stop = place.shown, place.mark, place.look, place.stop

    async def start(self, work: Work) -> WorkSeen:
        if self._at == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = await self._place.start(work)
        os.kill(os.getpid(), signal.SIGKILL)
        return found


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.unit.procedures.test_commands import COMMAND, HEAD, DyingPlace, HerePlace, MemoryOfWork, Terminal, allowing
folder, at, counter = Path(sys.argv[2]), sys.argv[3], sys.argv[4]
place = DyingPlace(HerePlace(MemoryOfWork(folder / "store" / "work")), at)
settings = allowing(say=("sh", "-c", f'echo x >> "{counter}"'))
one = Terminal(folder, {"p": HEAD + COMMAND}, places=lambda name, cluster, allowed: place, allowed=settings)
run = one.start("p").id
print(run, flush=True)
one.do(run, "c")
"""


@pytest.mark.parametrize("at", ["before", "behind"])
def test_killed_at_each_point_of_beginning_it_runs_once(world: World, at: str) -> None:
    root = str(Path(__file__).parents[3])
    argv = [sys.executable, "-c", KILLED, root, str(world.folder), at, str(world.counter)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    run = done.stdout.strip()
    one = world.terminal(COMMAND, allowing(say=("sh", "-c", f'echo x >> "{world.counter}"')))
    one.until(lambda: one.runs.run(run))
    if at == "behind":
        assert world.ended(one, run) is StepStatus.DONE
    else:
        assert world.ended(one, run) in (StepStatus.READY, StepStatus.CLAIMED)  # certainly not begun
        assert not world.counter.exists()
        one.do(run, "c")
        assert world.ended(one, run) is StepStatus.DONE
    assert world.counter.read_text() == "x\n"


class Away:
    """A place that is reached, or not, as the test says. ``seen`` is what it tells where it is."""

    def __init__(self) -> None:
        self.seen = WorkSeen(state=WorkState.NOT_STARTED)
        self.began = 0

    def shown(self, work: Work) -> str:
        return "something far away"

    async def mark(self, work: Work) -> Mapping[str, str]:
        return {}

    async def start(self, work: Work) -> WorkSeen:
        self.began += 1
        self.seen = WorkSeen(state=WorkState.RUNNING, sentence="it runs there")
        return self.seen

    async def look(self, work: Work) -> WorkSeen:
        return self.seen

    async def stop(self, work: Work) -> WorkSeen:
        return self.seen


def test_a_lost_connection_is_not_known_and_never_a_failure(world: World) -> None:
    place = Away()
    one = world.terminal(COMMAND, allowing(say=("true",)), place)
    run = one.start("p").id
    one.do(run, "c")
    place.seen = WorkSeen(state=WorkState.UNKNOWN, sentence="db-1: connection refused")
    one.looked()
    assert one.step(run, "c").status is StepStatus.RUNNING  # it goes on there, whether we see it or not
    one.clock.at += 100.0
    assert world.ended(one, run) is StepStatus.UNKNOWN
    assert "connection refused" in one.step(run, "c").sentence
    with pytest.raises(RunRefused, match="settled first"):
        one.do(run, "c")
    place.seen = WorkSeen(state=WorkState.ENDED, good=True, code=0, sentence="it ended with 0")
    one.clock.at += 100.0
    until(lambda: (one.looked(), one.step(run, "c").status is StepStatus.DONE)[1], lambda: one.step(run, "c"))
    assert place.began == 1


@pytest.mark.parametrize("parallel", ["true", "false"])
def test_a_group_whose_step_is_not_known_is_nobodys_to_settle_or_to_take(world: World, parallel: str) -> None:
    """Its step is: what was claimed of the group itself hindered everybody else, and came to nothing."""
    place, inside = Away(), COMMAND.replace("[[steps]]", "[[steps.steps]]")
    one = world.terminal(step("both", "group", parallel=parallel) + inside, allowing(say=("true",)), place)
    run = one.start("p").id
    one.do(run, "c")
    assert one.prepare(run, "both").may == ("skip",) and one.prepare(run, "both").refused == "it is under way"
    place.seen = WorkSeen(state=WorkState.UNKNOWN, sentence="db-1: connection refused")
    one.looked()
    one.clock.at += 100.0
    assert world.ended(one, run) is one.step(run, "both").status is StepStatus.UNKNOWN
    assert one.prepare(run, "both").may == ("skip",) and "settle" in one.prepare(run, "c").may
    for work in (one.runs.settle, one.runs.take_over):
        with pytest.raises(RunRefused, match="it is a group"):
            one.call(work(run, "both", Given(worked=True, reason="it is so")))


OPENS = step("c", "command", command='"open"', evidence='["link"]', by_hand='"link the one that is open"')


@pytest.mark.parametrize(
    ("says", "status", "kept"),
    [
        (
            '{"url": "https://inc.example/INC-7", "id": 7}',
            StepStatus.DONE,
            (("link", "https://inc.example/INC-7"),),
        ),
        ("opened\\nINC-7", StepStatus.DONE, (("note", "INC-7"),)),
        ("", StepStatus.UNKNOWN, ()),
    ],
)
def test_what_it_opened_is_the_evidence_of_its_step(
    world: World, says: str, status: StepStatus, kept: tuple[tuple[str, str], ...]
) -> None:
    one = world.terminal(OPENS, allowing(open=("printf", says)))
    run = one.start("p").id
    assert one.prepare(run, "c").may == ("do", "sign", "skip")
    one.do(run, "c")
    assert world.ended(one, run) is status
    assert one.step(run, "c").evidence == ((kept,) if kept else ())
    if not kept:
        assert "names nothing that it opened" in one.step(run, "c").sentence
        assert "settle" in one.prepare(run, "c").may  # it may be open: it is not opened again by itself


def test_a_note_is_asked_of_who_does_it_by_hand_and_not_of_a_command(world: World) -> None:
    one = world.terminal(OPENS.replace('["link"]', '["note"]'), allowing(open=("true",)))
    run = one.start("p").id
    one.do(run, "c")
    assert world.ended(one, run) is StepStatus.DONE and one.step(run, "c").evidence == ()


def test_what_is_open_already_is_linked_and_a_link_is_an_address(world: World) -> None:
    one = world.terminal(OPENS, allowing(open=("false",)))
    run = one.start("p").id
    for link in ("", "INC-7", "see https://inc.example/7"):
        with pytest.raises(RunRefused, match=r"a link|is no link"):
            one.do(run, "c", worked=True, note="it is open", link=link)
    one.do(run, "c", worked=True, link="https://inc.example/7")
    assert one.step(run, "c").evidence == ((("link", "https://inc.example/7"),),)


def test_where_nothing_opens_it_a_link_is_demanded(world: World) -> None:
    one = world.terminal(OPENS, allowing(other=("true",)))
    run = one.start("p").id
    assert "sign" in one.prepare(run, "c").may and "do" not in one.prepare(run, "c").may
    with pytest.raises(RunRefused, match="a link"):
        one.do(run, "c", worked=True, note="later")


def test_what_it_said_is_kept_where_that_goes_with_its_pod(world: World) -> None:
    """The controller of Jobs takes the pod away when their time is over, and with it what would say why."""
    place = Away()
    one = world.terminal(COMMAND, allowing(say=("true",)), place)
    run = one.start("p").id
    one.do(run, "c")
    place.seen = WorkSeen(state=WorkState.RUNNING, sentence="its pod is Running", output="row 7 of 9")
    one.clock.at += 100.0
    one.looked()
    place.seen = WorkSeen(state=WorkState.ENDED, good=False, sentence="it failed, DeadlineExceeded")
    one.clock.at += 100.0
    assert world.ended(one, run) is StepStatus.FAILED
    (failed,) = [event for event in one.runs.events(run) if event.kind is RunEventKind.FAILED]
    assert failed.data["output"] == "row 7 of 9"

"""``:incident-bundle``: the terminal is lent to the command, which lists and asks, and comes back with where the file is. On a real one."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from screens.frame.bundle import make_bundle
from tests.pseudoterminal import PseudoTerminal
from tests.tui.running import running
from tests.unit.recording.worlds import in_file
from tfdash.cli.bundle_options import command_line
from tfdash.cli.parser import parse
from tfdash.views.replay import meant

TYPED = ":incident-bundle"


@pytest.fixture
def replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PseudoTerminal:
    """A replay in an empty folder of its own, which has a module named like ours in it."""
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.delenv("TFDASH_CONFIG", raising=False)
    lived = in_file(tmp_path / "a.tfrec")
    lived.world()
    lived.turn()
    lived.end()
    here = tmp_path / "here"
    here.mkdir()
    (here / "tfdash.py").write_text("raise SystemExit('the folder that it was run in was imported from')")
    monkeypatch.chdir(here)
    return PseudoTerminal([sys.executable, "-P", "-m", "tfdash", "replay", str(tmp_path / "a.tfrec")])


def test_it_is_listed_asked_for_and_written_and_the_screen_says_where(
    replayed: PseudoTerminal, tmp_path: Path
) -> None:
    replayed.until("REPLAY")
    replayed.type(f"{TYPED} 10m --anonymise")
    replayed.until("incident: bundle")
    replayed.type("\r")
    replayed.until(r"will hold, of environment-\d+(?s:.*)snapshot/all\.html(?s:.*)Write it\?")
    replayed.type("y\n")
    replayed.until("the bundle is")  # it lacks an audit log, which was listed
    [made] = (tmp_path / "here").glob("*.zip")
    with zipfile.ZipFile(made) as archive:
        assert "recordings/1-terminal" in " ".join(archive.namelist())
        assert json.loads(archive.read("manifest.json"))["anonymised"] is True
    replayed.type(":q\r")
    assert replayed.ended() == 0
    replayed.close()


def test_a_no_writes_nothing_and_the_screen_comes_back(replayed: PseudoTerminal, tmp_path: Path) -> None:
    replayed.until("REPLAY")
    replayed.type(TYPED)
    replayed.until("incident: bundle")
    replayed.type("\r")
    replayed.until(r"Write it\?")
    replayed.type("\n")
    replayed.until("nothing was written(?s:.*)Enter goes back")
    replayed.seen = ""
    replayed.type("\n")
    replayed.until("no bundle was written")
    assert not list((tmp_path / "here").glob("*.zip"))
    replayed.type(":q\r")
    assert replayed.ended() == 0
    replayed.close()


async def test_where_the_terminal_cannot_be_lent_it_says_what_to_run() -> None:
    async with running() as run:
        whole = command_line(None, {})
        for words, last, told in (
            (whole, "", "run in another one: tfdash incident-bundle"),
            (whole, "soon", ":incident-bundle 10m"),
            ((), "", "a bundle cannot be made here"),
        ):
            run.app.context.bundle = words
            run.app.do("bundle", last)
            await run.until(lambda told=told: told in run.app.messages.all[-1].text, told)


def test_of_a_recording_it_is_asked_to_the_moment_that_is_shown(tmp_path: Path) -> None:
    """And one that lacks something was written: nobody is waited for."""

    class Lent:
        @contextmanager
        def suspend(self) -> Iterator[None]:
            yield

    said = tmp_path / "said"
    made = (
        sys.executable,
        "-c",
        f"import sys; open({str(said)!r}, 'w').write(' '.join(sys.argv[1:])); print('b.zip'); sys.exit(2)",
    )
    told = make_bundle(Lent(), made, "10m", 1_795_532_700.98765)
    assert "b.zip; it says what it lacks" in told.text and told.level == "information"
    words = said.read_text().split()
    assert words == ["--last", "10m", "--at", "2026-11-24T15:05:00.987000+00:00"]
    at = meant(words[-1], 0.0, 1_795_532_000.0, 1_795_532_700.98765, ZoneInfo("America/New_York"))
    assert at == pytest.approx(1_795_532_700.987)


def test_the_words_for_it_are_those_of_the_command() -> None:
    """Whatever a terminal was started with, the parser takes it for its bundle."""
    given = {"--environment": "staging", "--kubeconfig": "k", "--context": "", "--namespace": "shop"}
    words = command_line(Path("c.toml"), given)
    args = parse(list(words[words.index("tfdash") + 1 :]))
    assert (args.command, args.config, args.environment) == ("incident-bundle", "c.toml", "staging")
    assert (args.kubeconfig, args.context, args.namespace, args.recording) == ("k", "", "shop", "")

"""What was noted in a run is proposed as a change of its file by the command, out of the real store."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.procedures.world import HEAD, Terminal, step
from tfdash.cli import main

OWN = HEAD + step("look", "manual", text='"Look."') + step("done", "manual")


def test_notes_of_a_run_become_a_patch_that_applies(
    terminal: Callable[..., Terminal], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\npath = "{tmp_path}/store"\n[procedures]\nfolder = "{tmp_path}/procedures"\n')
    ask = ["procedures", "learn", "own", "--config", str(config)]
    one = terminal({"own": OWN})
    run = one.start("own").id
    one.call(one.runs.note(run, "look", "it was the lag"))
    one.end()
    assert main(ask) == 0 and "proposes" in capsys.readouterr().err
    two = terminal({"own": OWN})
    two.call(two.runs.note(run, "look", "it was the lag", proposes='Look at the "lag" first.'))
    two.call(two.runs.note(run, "", "nobody was called", proposes="Call the owner."))
    two.end()
    assert main(ask) == 1
    patch, told = capsys.readouterr()
    of_run = [ask[0], ask[1], run, *ask[3:]]
    assert main(of_run) == 1 and capsys.readouterr().out == patch
    assert main([ask[0], ask[1], "own-0123456789ab", *ask[3:]]) == 64
    assert 'no run "own-0123456789ab"' in capsys.readouterr().err
    assert f'look: Look at the "lag" first. ({run}, ann)' in told
    file = tmp_path / "procedures" / "own.toml"
    subprocess.run(["patch", "-s", "-p1", "-d", str(file.parent)], input=patch, text=True, check=True)
    assert 'text = "Look. Look at the \\"lag\\" first."' in file.read_text()
    assert file.read_text().startswith("# all of it: Call the owner.")
    assert main(["procedures", "check", "--config", str(config)]) == 0
    assert main(ask) == 0

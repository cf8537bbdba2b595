"""What was noted in runs becomes a proposed change of the file, and nothing else of it changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tfdash.model.procedure import Procedure
from tfdash.model.run import RunEvent, RunEventKind, RunJournal
from tfdash.playbook.procedures.checks import every
from tfdash.playbook.procedures.learning import proposed
from tfdash.playbook.procedures.library import shipped_texts
from tfdash.playbook.procedures.noted import Learned, learned
from tfdash.playbook.procedures.reading import read_procedure

TEXT = '''title = "x"

[[steps]]
id = "said"
title = "said"
kind = "manual"
text = "Look at it."

[[steps]]
id = "silent"
title = "silent"
kind = "wait"
lasts = "5m"

[[steps]]
id = "long"
title = "long"
kind = "manual"
text = """Several
lines."""

[[steps]]
id = "within"
title = "within"
kind = "group"
steps = [{ id = "inner", title = "inner", kind = "manual", text = "t" }]
'''
SAID = 'the "pg" lag, \\ and {braces}\n[[steps]]\nid = "evil" \x1b[2J'


def read(text: str = TEXT) -> Procedure:
    return read_procedure("x", text)


def journal(*notes: tuple[str, object], procedure: str = "x", run: str = "r-1") -> RunJournal:
    events = [
        RunEvent(
            run=run, number=1, at=0.0, kind=RunEventKind.STARTED, by="ada", data={"procedure": procedure}
        )
    ]
    for number, (step, text) in enumerate(notes, 2):
        data = {"proposes": text} if text is not None else {}
        events.append(
            RunEvent(run=run, number=number, at=1.0, kind=RunEventKind.NOTE, by="bob", step=step, data=data)
        )
    return RunJournal(id=run, events=tuple(events))


def applied(procedure: Procedure, lines: tuple[str, ...], folder: Path) -> str:
    """As patch(1) applies it."""
    file = folder / "x.toml"
    file.write_text(procedure.text)
    patch = "".join(f"{line}\n" for line in lines)
    subprocess.run(["patch", "-s", str(file)], input=patch, text=True, check=True)
    return file.read_text()


def test_what_was_proposed_and_does_not_stand_there_yet_each_once() -> None:
    runs = (
        journal(("said", "Look twice."), ("silent", None), ("said", 3)),
        journal(("said", "Look  twice."), ("up--2", "Wait."), run="r-2"),
        journal(("said", "Of another."), procedure="other", run="r-3"),
    )
    assert [(one.step, one.text) for one in learned(runs, read())] == [
        ("said", "Look twice."),
        ("up", "Wait."),
    ]
    assert learned(runs[:1], read(TEXT.replace("Look at it.", "Look at it. Look twice."))) == ()


@pytest.mark.parametrize("step", ["said", "silent", "long", "inner", "gone", ""])
@pytest.mark.parametrize("text", ["Look twice.", SAID])
def test_the_file_with_it_says_the_same_and_what_was_noted(step: str, text: str, tmp_path: Path) -> None:
    before = read()
    notes = learned((journal((step, text)),), before)
    after = read(applied(before, proposed(before, notes), tmp_path))
    assert [one.id for _, one in every(after.steps)] == [one.id for _, one in every(before.steps)]
    said = {one.id: one.text for _, one in every(after.steps)}
    words = "Look twice." if text is not SAID else '"pg" lag, \\ and {braces}'
    if step in ("said", "silent") and text is not SAID:
        assert said[step].endswith(words)
    else:  # in the text of no step: beside it
        assert (
            said == {one.id: one.text for _, one in every(before.steps)}
            and f"# {step or 'all of it'}:" in after.text
        )
    assert words in f"{after.text}\n{said.get(step)}" and "\x1b" not in after.text
    assert proposed(before, ()) == ()


def test_a_second_note_stands_behind_the_first(tmp_path: Path) -> None:
    before = read()
    notes = [Learned("silent", f"Note {n}.", "bob", "r") for n in range(3)]
    after = read(applied(before, proposed(before, notes), tmp_path))
    assert after.steps[1].text == "Note 0. Note 1. Note 2."


def test_what_was_noted_at_the_step_of_a_row_stands_at_the_step_of_the_file(tmp_path: Path) -> None:
    block = """
[[steps]]
rows = [{ id = "a" }, { id = "b" }]

[[steps.steps]]
id = "see-{row.id}"
title = "see {row.id}"
kind = "manual"
text = "See it."

[[steps]]
id = "last"
title = "last"
kind = "manual"
text = "The end."
"""
    before = read(TEXT + block)
    notes = [Learned("see-b", "Look twice.", "bob", "r"), Learned("last", "At last.", "bob", "r")]
    after = read(applied(before, proposed(before, notes), tmp_path))
    said = {one.id: one.text for _, one in every(after.steps)}
    assert (said["see-a"], said["see-b"]) == ("See it. Look twice.", "See it. Look twice.")
    assert said["last"] == "The end. At last."
    assert "# noted at see-b, and said in each row\n[[steps.steps]]\nid" in after.text


@pytest.mark.parametrize("id", shipped_texts())
def test_every_step_of_what_ships_can_learn(id: str) -> None:
    before = read_procedure(id, shipped_texts()[id])
    for _, step in every(before.steps):
        lines = proposed(before, [Learned(step.id, "Look twice.", "bob", "r")])
        assert any(line.startswith("+text = ") and "Look twice." in line for line in lines), step.id

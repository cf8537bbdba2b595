"""What a message says: by its template, by a company's own, and what is left where that goes wrong."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.notify.world import SetClock
from tfdash.notify.messages import MESSAGES
from tfdash.notify.writing import MessageWriter, without_markup
from tfdash.text import hold_secret


@pytest.fixture
def writer() -> MessageWriter:
    return MessageWriter("", "production", ZoneInfo("America/New_York"), SetClock())


def own(folder: Path, **templates: str) -> MessageWriter:
    for name, text in templates.items():
        (folder / f"{name}.txt").write_text(text)
    return MessageWriter(str(folder), "production", ZoneInfo("UTC"), SetClock())


@pytest.mark.parametrize("name", MESSAGES)
async def test_each_that_ships_says_what_it_is_given(writer: MessageWriter, name: str) -> None:
    said = await writer.write(name, MESSAGES[name].example)
    assert said.fault == "" and said.subject.startswith("[production] ")
    assert said.body.endswith("At: 2026-11-30 07:00 EST") and "\n\n\n" not in said.body
    for value in MESSAGES[name].example.values():
        for one in value if isinstance(value, list) else [value]:
            assert str(one) in f"{said.subject}\n{said.body}", one


@pytest.mark.parametrize("name", MESSAGES)
async def test_what_an_engine_always_has_is_enough(writer: MessageWriter, name: str) -> None:
    said = await writer.write(
        name, {"procedure": "p", "step": "the step", "text": "why\nand how", "run": "r1"}
    )
    assert said.fault == "", said.fault
    assert "why\nand how" in said.body


async def test_hostile_values_are_shown_and_move_nothing(writer: MessageWriter) -> None:
    said = await writer.write(
        "waits", {"step": "a\x1b[2J\nb\u202ec {{ 7 * 7 }} {% x %}", "lines": ["x\r\ny"]}
    )
    assert "\x1b" not in said.subject + said.body and "\u202e" not in said.subject + said.body
    assert "{{ 7 * 7 }} {% x %}" in said.subject and "x␍␊y" in said.body


async def test_a_secret_that_the_program_holds_leaves_in_no_message(writer: MessageWriter) -> None:
    hold_secret("s3cr3t-token-of-a-test")
    said = await writer.write("status", {"procedure": "p", "sentence": "it says s3cr3t-token-of-a-test"})
    assert "s3cr3t" not in said.subject + said.body


async def test_a_company_has_its_own(tmp_path: Path) -> None:
    mine = own(tmp_path, waits="{{ step }} is yours\n\nby {{ by }}\n", paged="only here: {{ x }}")
    assert await mine.write("waits", {"step": "s", "by": "jo"}) == ("s is yours", "by jo", "")
    assert (await mine.write("paged", {"x": "<b>"})).subject == "only here: <b>"
    assert (await mine.write("started", {"procedure": "p"})).subject == "[production] started: p"


@pytest.mark.parametrize(
    "text", ["{{ nothing_of_it }}", "{{ 1 / 0 }}", "{% if %}", "{{ ''.__class__.__mro__ }}"]
)
async def test_one_that_goes_wrong_costs_no_message(tmp_path: Path, text: str) -> None:
    mine = own(tmp_path, waits=f"{text}\n\nx\n")
    said = await mine.write("waits", {"step": "the step"})
    assert said.subject == "[production] waits for you: the step" and said.fault
    assert "not as its template has it" in said.body
    assert "waits.txt" in said.fault


async def test_one_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfdash.notify.writing._SECONDS", 1)
    many = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}"
    said = await own(tmp_path, waits=many).write("waits", {"step": "the step"})
    assert said.subject == "[production] waits for you: the step" and said.fault


async def test_a_template_that_nobody_has_goes_out_in_bare_values(writer: MessageWriter) -> None:
    said = await writer.write("nosuch", {"step": "the step", "lines": ["a", "b"]})
    assert (
        said.subject == "[production] nosuch" and "step: the step" in said.body and "lines: a, b" in said.body
    )
    assert "nosuch" in said.fault


async def test_what_is_long_is_cut_and_says_so(writer: MessageWriter) -> None:
    said = await writer.write("status", {"procedure": "p" * 500, "sentence": "s", "lines": ["x" * 90] * 200})
    assert len(said.subject) == 200 and len(said.body) < 8100 and "more characters are left out" in said.body


@pytest.mark.parametrize(
    ("markup", "written"),
    [
        ("none", "<!channel> & <http://x|y>"),
        ("slack", "&lt;!channel&gt; &amp; &lt;http://x|y&gt;"),
    ],
)
def test_nothing_of_a_message_is_markup_where_it_is_read_as_such(markup: str, written: str) -> None:
    assert without_markup("<!channel> & <http://x|y>", markup) == written


def test_in_markdown_nothing_is_read() -> None:
    assert without_markup("# x\n@everyone [a](http://b)", "markdown") == "`#` x\n`@everyone [a](http://b)`"


def test_the_examples_are_plain_values() -> None:
    for kind in MESSAGES.values():
        assert json.loads(json.dumps(kind.example)) == kind.example

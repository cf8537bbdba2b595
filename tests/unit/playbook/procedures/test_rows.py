"""A block of steps with rows is the same as its steps written out for each row, and what is wrong with it is told at its place in the file."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.unit.playbook.procedures.test_reading import GOOD, STEP, faults, read
from tfdash.playbook.procedures.checks import every
from tfdash.playbook.procedures.library import shipped_texts
from tfdash.playbook.procedures.reading import read_procedure

BLOCK = """[[steps]]

[[steps.rows]]
id = 1
name = "databases"
soon = true

[[steps.rows]]
id = 2
name = "{service.name}"
soon = false

"""
ROWS = BLOCK.replace("soon = true\n", "").replace("soon = false\n", "")
"""Whose steps use id and name alone."""
GROUP = """[[steps.steps]]
id = "tier-{row.id}"
title = "tier {row.id}, {row.name}"
kind = "group"
tier = "{row.id}"
parallel = "{row.soon}"
each = "others"

"""
INNER = """[[steps.steps.steps]]
id = "up-{row.id}"
title = "{each.name} of {row.name}: {row.soon}"
kind = "check"
asks = [{ probe = "last-good.restored", tier = "{row.id}", of = "{cluster}" }]

"""
BEHIND = """[[steps.steps]]
id = "told-{row.id}"
title = "told"
kind = "manual"
text = "{row.name}"

"""
LAST = '[[steps]]\nid = "last"\ntitle = "last"\nkind = "manual"\ntext = "see {service}"\n'


def by_hand(row: int, name: str, soon: str) -> str:
    """One row of the block as a person writes it out."""
    text = (GROUP + INNER + BEHIND).replace("steps.steps", "steps")
    for key in ("tier", "parallel"):
        text = re.sub(rf'^{key} = "(.*)"$', rf"{key} = \1", text, flags=re.MULTILINE)
    return text.replace("{row.id}", str(row)).replace("{row.name}", name).replace("{row.soon}", soon)


def test_a_block_is_its_steps_for_each_row() -> None:
    block = read(GOOD + BLOCK + GROUP + INNER + BEHIND + LAST)
    written = read(GOOD + by_hand(1, "databases", "true") + by_hand(2, "{service.name}", "false") + LAST)
    assert block.steps == written.steps
    assert [one.id for _, one in every(block.steps)] == [
        "look",
        "tier-1",
        "up-1",
        "told-1",
        "tier-2",
        "up-2",
        "told-2",
        "last",
    ]
    assert [(one.tier, one.parallel) for one in block.steps if one.each] == [(1, True), (2, False)]


def test_within_a_group_and_in_what_takes_back() -> None:
    group = '[[steps]]\nid = "g"\ntitle = "g"\nkind = "group"\n'
    inner = (ROWS + BEHIND).replace("[[steps", "[[steps.steps")
    found = read(
        GOOD + group + inner + inner.replace("[[steps.steps", "[[steps.undo").replace("told", "back")
    )
    assert [one.id for one in found.steps[1].steps] == ["told-1", "told-2"]
    assert [one.id for one in found.steps[1].undo] == ["back-1", "back-2"]


CASES = {
    "a key that nothing uses": (ROWS.replace("id = 2", "id = 2\nnam = 7") + BEHIND, 'steps.1.rows.1.nam: none of the block\'s steps uses it; did you mean "name"?'),
    "a key that is missing": (ROWS.replace('name = "databases"\n', "") + BEHIND, "steps.1.rows.0: has no name, and {row.name} is used; add name = ..."),
    "a key in no row": (ROWS + BEHIND.replace("row.name", "row.nam"), 'steps.1.steps.0.text: there is no {row.nam} in any row; did you mean "name"?'),
    "a bare row": (ROWS + BEHIND.replace("row.name", "row"), "steps.1.steps.0.text: there is no {row} in any row"),
    "a row without an id": (ROWS.replace("id = 1\n", "") + BEHIND, "steps.1.rows.0: has no id, and {row.id} is used; add id = ..."),
    "a row twice": (ROWS.replace("id = 2", "id = 1") + BEHIND, 'steps.1.rows.1.id: there is a row "1" already; give one of them another id'),
    "a list in a row": (ROWS.replace("id = 2", "id = [2]") + BEHIND, "steps.1.rows.1.id: is none of text, whole number, true and false"),
    "a row of a row": (ROWS.replace("databases", "{row.id}") + BEHIND, "steps.1.rows.0.name: {row} stands in a row itself"),
    "no rows": ("[[steps]]\nrows = []\n" + BEHIND, "steps.1.rows: is an empty list"),
    "rows that are none": ("[[steps]]\nrows = 3\n" + BEHIND, "steps.1.rows: is a number, and must be a list"),
    "a row that is no table": ("[[steps]]\nrows = [1]\n" + BEHIND, "steps.1.rows.0: is a number, and must be a table"),
    "no steps": (ROWS, "steps.1: is a block with rows and has no steps"),
    "a step with rows": ('[[steps]]\nid = "x"\nrows = [{ id = 1 }]\n' + BEHIND, "steps.1.id: is no key of a block with rows, which is no step itself"),
    "a block in a block": (ROWS + GROUP.replace("{row.soon}", "true") + "rows = [{ id = 1 }]\n" + INNER, "steps.1.steps.0: is a block with rows within another one"),
    "an id for all rows": (ROWS + BEHIND.replace("told-{row.id}", "told"), 'steps.1.steps.0.id: "told" is the same in each row; write "told-{row.id}"'),
    "a row outside": (STEP + 'kind = "manual"\ntext = "see {row.name}"\n', "steps.1.text: {row.name} stands in no block with rows"),
    "a row outside, where no other place is looked for": (STEP + 'kind = "notify"\nmessage = "{row.name}"\n', "steps.1.message: {row.name} stands in no block"),
    "a row beside its block": (ROWS + BEHIND + LAST.replace("{service}", "{row.id}"), "steps.2.text: {row.id} stands in no block with rows"),
    "a row at the top": ("purpose = '{row.id}'\n", "restart.toml:1: purpose: {row.id} stands in no block"),
    "no such input, in each row": (ROWS + BEHIND.replace("{row.name}", "{row.name} {nobody}"), "steps.1.steps.0.text: there is no input {nobody} (rows 1, 2); valid here"),
    "no such input, in one row": (ROWS.replace("service.name", "servise") + BEHIND, "steps.1.steps.0.text: there is no input {servise} (row 2); did"),
    "no name, in one row": (ROWS.replace("id = 2", 'id = "B"') + BEHIND, 'steps.1.steps.0.id: "told-B" is no name for it (row B)'),
    "an unknown key of a step": (ROWS + BEHIND + "evidnce = 1\n", "steps.1.steps.0.evidnce: there is no such key here (rows 1, 2); did"),
    "a text for a number": (ROWS + BEHIND + 'tier = "{row.name}"\n', "steps.1.steps.0.tier: is a text, and must be a number (rows 1, 2)"),
    "an id that is there": (ROWS + BEHIND + LAST.replace("last", "told-1"), 'steps.2.id: "told-1" stands there twice'),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said_once_with_its_key_row_and_line(case: str) -> None:
    text, told = CASES[case]
    whole = text if not text.startswith("[[") else GOOD + text
    (said,) = faults(whole)
    assert told in said and re.match(r"/etc/p/restart.toml:\d+: ", said)


@pytest.mark.parametrize("key", ["evidnce", "rolle"])
def test_the_line_is_that_of_the_file(key: str) -> None:
    """Behind a block too, where steps stand at other places than in the file."""
    for text in (ROWS + BEHIND + f"{key} = 1\n" + LAST, ROWS + BEHIND + LAST + f"{key} = 1\n"):
        (told,) = faults(GOOD + text)
        assert told.startswith(
            f"/etc/p/restart.toml:{(GOOD + text).splitlines().index(f'{key} = 1') + 1}: steps."
        )


def test_the_line_is_that_of_the_row() -> None:
    text = GOOD + ROWS.replace("id = 2\n", "id = 2\nodd = 7\n") + BEHIND
    (told,) = faults(text)
    assert told.startswith(
        f"/etc/p/restart.toml:{text.splitlines().index('odd = 7') + 1}: steps.1.rows.1.odd"
    )


STEPS = "[[steps.steps]]\nid='s-{row.id}'\ntitle='x'\nkind='manual'\ntext='x'\n"
HOSTILE = {
    "many of many": "[[steps]]\nrows = [" + "{id=1}," * 15_000 + "]\nsteps = [" + "{}," * 30_000 + "]\n",
    "a long one in many places": f"[[steps]]\nrows = [{{id=1,x='{'x' * 100_000}'}}]\n{STEPS}by_hand='{'{row.x}' * 15_000}'\n",
    "more than can be shown": "[[steps]]\nrows = ["
    + ",".join(f"{{id={i}}}" for i in range(1_100))
    + f"]\n{STEPS}",
    "keys": "[[steps]]\nrows = ["
    + ",".join(f"{{k{i}=1}}" for i in range(9_000))
    + f"]\n{STEPS}by_hand='{{row.z}}'\n",
    "places": f"[[steps]]\nrows = [{{id=1}}]\n{STEPS}by_hand='{' '.join(f'{{row.a{i}}}' for i in range(9_000))}'\n",
    "blocks in blocks": "[[steps]]\nrows = [{id=1}]\nsteps = "
    + "[{rows=[{id=1}],steps=" * 60
    + "[]"
    + "}]" * 60,
    "all wrong": "[[steps]]\nrows = [" + ",".join(f"{{id={i}}}" for i in range(900)) + f"]\n{STEPS}odd=1\n",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_was_made_to_grow_is_refused_in_bounded_words(case: str) -> None:
    told = faults(GOOD + HOSTILE[case])
    assert 1 <= len(told) <= 51 and all(len(one) < 2_000 for one in told)


@pytest.mark.parametrize("id", ["environment-failure", "way-back"])
def test_the_five_tiers_are_one_block(id: str) -> None:
    """In each tier the same steps, which differ in their tier and their texts alone."""
    steps = read_procedure(id, shipped_texts()[id]).steps
    tiers = [
        [(one.id.rpartition("-"), one) for _, one in every(steps) if re.search(rf"[a-z]-{tier}$", one.id)]
        for tier in range(1, 6)
    ]
    shapes = [
        [
            (name, one.kind, one.on_failure, one.needs, one.given, one.parallel, one.optional, len(one.steps))
            for (name, _, _), one in tier
        ]
        for tier in tiers
    ]
    assert shapes[0] and shapes == [shapes[0]] * 5
    assert {one.tier for one in steps if one.id.startswith(("tier-", "gate-"))} == {1, 2, 3, 4, 5}
    assert not any("{row" in str(msgspec.to_builtins(one)) for one in steps)

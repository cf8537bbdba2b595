"""docs/procedures.md: its file is right, and it names every key and type."""

from __future__ import annotations

import re
from pathlib import Path

from tfdash.playbook.procedures.fields import BRANCH, INPUT, PROCEDURE, SCENARIO, STEP
from tfdash.playbook.procedures.inputs import INPUT_TYPES
from tfdash.playbook.procedures.reading import read_procedure
from tfdash.playbook.procedures.settings import ProceduresSettings
from tfdash.procedures.vocabulary import vocabulary_of

PAGE = (Path(__file__).parents[4] / "docs" / "procedures.md").read_text(encoding="utf-8")


def test_its_file_is_right() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    found = read_procedure("flush", text, "", vocabulary_of(ProceduresSettings()))
    assert [step.id for step in found.steps] == ["relieve", "flush", "serves"]


def test_every_key_and_type_is_told() -> None:
    keys = {*PROCEDURE, *INPUT, *SCENARIO, *STEP, *BRANCH}
    told = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`\n]+`", PAGE))))
    assert not keys - told
    assert not [type for type in INPUT_TYPES if type not in PAGE]

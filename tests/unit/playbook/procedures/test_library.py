"""Shipped procedures, and the company's folder that adds to them and takes their place."""

from __future__ import annotations

from pathlib import Path

from tfdash.playbook.procedures.difference import changed_steps, difference
from tfdash.playbook.procedures.library import library, shipped_texts

OWN = """title = "{}"
[[steps]]
id = "look"
title = "look"
kind = "manual"
text = "look"
"""
ID = "service-failure"


def test_those_that_ship_are_right() -> None:
    found = library()
    assert found.problems == () and found.procedures == found.shipped
    assert set(found.procedures) == set(shipped_texts()) and ID in found.procedures
    assert all(one.file == "" for one in found.procedures.values())


def test_a_folder_adds_and_takes_the_place_of_one_by_its_id(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN.format("our own"))
    (tmp_path / f"{ID}.toml").write_text(OWN.format("another"))
    (tmp_path / "notes.md").write_text("no procedure")
    found = library(tmp_path)
    assert found.problems == ()
    assert set(found.procedures) == {*found.shipped, "own"}
    own, shipped = found.procedures[ID], found.shipped[ID]
    assert (own.title, own.file, own.replaces) == ("another", str(tmp_path / f"{ID}.toml"), shipped.digest)
    assert found.procedures["own"].replaces == ""
    told = difference(shipped, own)
    assert '+title = "another"' in told and '-title = "single service failure"' in told
    words = changed_steps(shipped, own)
    assert 'the step look "look" is new' in words and any("is gone" in one for one in words)
    assert difference(own, own) == changed_steps(own, own) == ()


def test_of_a_file_that_cannot_be_used_nothing_takes_the_place(tmp_path: Path) -> None:
    (tmp_path / f"{ID}.toml").write_text("title = 3\n")
    (tmp_path / "latin.toml").write_bytes(b"title = '\xe9'\n")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "gone.toml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "good.toml").write_text(OWN.format("good"))
    found = library(tmp_path)
    assert ID not in found.procedures and ID in found.shipped and "good" in found.procedures
    told = {Path(one.file).name for one in found.problems}
    assert told == {f"{ID}.toml", "latin.toml", "folder.toml", "gone.toml"}


def test_a_folder_that_is_not_there_is_said_and_the_shipped_ones_stay(tmp_path: Path) -> None:
    found = library(tmp_path / "none")
    assert found.procedures == found.shipped and "cannot be read" in str(found.problems[0])


def test_what_it_is_mistaken_for_must_be_there(tmp_path: Path) -> None:
    text = OWN.format("x") + '[scenario.alike]\nservice-failur = "by its name"\n'
    (tmp_path / "x.toml").write_text(text)
    (told,) = library(tmp_path).problems
    assert str(told).endswith(
        'x.toml:8: scenario.alike.service-failur: there is no procedure "service-failur"; did you mean "service-failure"?'
    )

"""``tfdash procedures``: what the files say, and whether they are right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tfdash.cli import main
from tfdash.playbook.procedures.library import shipped_texts

OWN = """title = "our own \\u001b[2J"
[[inputs]]
id = "service"
title = "which"
type = "workload"
[[inputs]]
id = "others"
title = "which else"
type = "workload"
many = true
optional = true
[[steps]]
id = "all"
title = "each"
kind = "group"
each = "others"
[[steps.steps]]
id = "up"
title = "restart {each.name}"
kind = "action"
action = "workload.restart"
subject = "{each}"
[[steps]]
id = "serves"
title = "serves"
kind = "wait"
asks = [{ probe = "workload.serving", workload = "{service}" }]
"""


@pytest.fixture
def folder(tmp_path: Path, holds_no_secret: None) -> Path:
    own = tmp_path / "procedures"
    own.mkdir()
    (tmp_path / "config.toml").write_text(f'[procedures]\nfolder = "{own}"\n')
    return own


def run(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> tuple[int, str, str]:
    try:
        code = main(["procedures", *words, "--config", str(folder.parent / "config.toml")])
    except SystemExit as left:
        code = int(left.code or 0)
    told = capsys.readouterr()
    return code, told.out, told.err


def test_all_that_there_are(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "own.toml").write_text(OWN)
    (folder / "rollback.toml").write_text(OWN)
    code, out, err = run(capsys, folder, "list", "--format", "json")
    rows = {row["id"]: row for row in json.loads(out)["procedures"]}
    assert (code, err) == (0, "") and rows.keys() == {*shipped_texts(), "own"}
    assert (rows["own"]["from"], rows["release"]["from"]) == ("own", "shipped")
    assert rows["rollback"]["from"] == "own, in place of the shipped one" and rows["rollback"]["replaces"]
    assert "\x1b" not in run(capsys, folder, "list")[1]


def test_what_is_not_right_is_found_with_its_line(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "own.toml").write_text(OWN.replace("workload.restart", "workload.restrat"))
    code, out, _ = run(capsys, folder, "check")
    line = OWN.splitlines().index('action = "workload.restart"') + 1
    assert (
        code == 1 and f'own.toml:{line}: steps.0.steps.0.action: there is no action "workload.restrat"' in out
    )
    code, out, _ = run(capsys, folder, "check", str(folder / "own.toml"), "--format", "json")
    (fault,) = json.loads(out)["problems"]
    assert code == 1 and (fault["line"], fault["remedy"]) == (line, 'did you mean "workload.restart"?')
    code, _, err = run(capsys, folder, "list")
    assert code == 1 and "workload.restrat" in err
    code, _, err = run(capsys, folder, "show", "own")
    assert code == 64 and "its file cannot be used" in err


def test_one_that_takes_the_place_of_another_is_shown_beside_it(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    text = shipped_texts()["rollback"]
    (folder / "rollback.toml").write_text(text.replace('title = "by which way?"', 'title = "how?"'))
    code, out, _ = run(capsys, folder, "check")
    assert code == 0 and "in place of the shipped one: 1 change" in out
    code, out, _ = run(capsys, folder, "show", "rollback", "--difference")
    assert code == 1 and 'the step way "how?" has another title' in out and '+title = "how?"' in out
    code, _, err = run(capsys, folder, "show", "releese")
    assert code == 64 and 'did you mean "release"?' in err


@pytest.mark.parametrize("id", shipped_texts())
@pytest.mark.parametrize("format", ["text", "json", "md"])
def test_every_one_is_shown_in_every_format(
    capsys: pytest.CaptureFixture[str], folder: Path, id: str, format: str
) -> None:
    code, out, err = run(capsys, folder, "show", id, "--format", format)
    assert (code, err) == (0, "")
    line = {
        "kubernetes-update": "kubectl drain",
        "environment-failure": "kubectl scale deployment/name -n namespace",
        "way-back": "kubectl --context CLUSTER scale deployment/name -n namespace --replicas=0",
    }.get(id, "kubectl rollout undo deployment/name -n namespace")
    assert line in out or id in ("release", "emergency-fix")


def test_what_is_exported_has_the_names_that_were_given(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "own.toml").write_text(OWN)
    inputs = ("--input", "service=Deployment shop/cart", "--input", "others=Deployment shop/a")
    more = ("--input", "others=StatefulSet shop/b")
    code, out, err = run(capsys, folder, "export", "own", *inputs, *more)
    assert (code, err) == (0, "")
    assert "kubectl rollout restart deployment/a -n shop" in out
    assert "kubectl rollout restart statefulset/b -n shop" in out
    assert "kubectl get deployments.apps cart -n shop" in out
    file = folder.parent / "own.html"
    code, out, _ = run(capsys, folder, "export", "own", "--format", "html", "-o", str(file), *inputs)
    page = file.read_text()
    assert (code, out) == (0, "") and "restart a" in page and "\x1b" not in page
    assert "Content-Security-Policy" in page and "<script" not in page
    code, _, err = run(capsys, folder, "export", "own", "--input", "service=cart")
    assert code == 64 and "is no object" in err

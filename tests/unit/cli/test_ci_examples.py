"""The examples for CI: what they call is there, and the shell one ends with the gravest of what its gates say. The whole of it against a
platform: tests/protocol/test_gate.py."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tfdash.cli.parser import parse

CI = Path(__file__).resolve().parents[3] / "examples" / "ci"
SCRIPT = CI / "gate.sh"


def steps(document: Any) -> list[str]:
    """Every command line of a pipeline."""
    if isinstance(document, dict):
        own = [line for key in ("run", "script", "before_script") for line in _lines(document.get(key))]
        return own + [line for value in document.values() for line in steps(value)]
    return [line for value in document for line in steps(value)] if isinstance(document, list) else []


def _lines(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value if isinstance(value, list) else []


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_a_pipeline_asks_before_and_after_and_runs_nothing_that_somebody_typed(name: str) -> None:
    text = (CI / name).read_text()
    lines = steps(yaml.safe_load(text))
    asked = [shlex.split(line)[2:] for line in lines if "gate.sh" in line]
    assert asked == [["before"], ["after", "$WORKLOAD"]]
    assert not [line for line in lines if "${{" in line], "an expression inside a command is run by the shell"
    assert re.search(r"reports/", text)


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_copied_to_where_it_says_it_finds_the_script_and_installs_nothing_by_its_bare_name(
    name: str, tmp_path: Path
) -> None:
    """In somebody's own repository, where there is no examples/ci; the program is on no public index."""
    text = (CI / name).read_text()
    words = " ".join(text.split("name: release")[0].split("stages:")[0].replace("#", "").split())
    at = re.search(r"Copy it to (\S+) and gate\.sh (?:to (\S+?)|beside it),", words)
    assert at is not None
    script = tmp_path / (at[2] or Path(at[1]).with_name("gate.sh"))
    script.write_text(SCRIPT.read_text())
    asked = [line for line in steps(yaml.safe_load(text)) if "gate.sh" in line]
    for line in asked:
        done = subprocess.run(["sh", "-c", line.split("gate.sh")[0] + "gate.sh"], cwd=tmp_path, check=False)
        assert done.returncode == 64, f"{line}: the script is there, and says how it is called"
    installed = [line for line in steps(yaml.safe_load(text)) if "pip install" in line]
    assert installed and all("TFDASH" in line for line in installed)


def test_each_gate_that_the_script_asks_is_there() -> None:
    asked = re.findall(r"^ +ask \S+ (.*?)(?: #.*)?$", SCRIPT.read_text(), re.MULTILINE)
    assert len(asked) >= 4
    for line in asked:
        plain = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", line)  # what stands there where nobody says otherwise
        words = shlex.split(plain.replace("$baseline", "b.json").replace("$2", "shop/web"))
        assert parse(["gate", *words, "--report", "x.xml", "--report", "x.md"]).command == "gate"


def ran(folder: Path, *argv: str, **codes: int) -> tuple[int, str]:
    """With a ``tfdash`` that ends as ``codes`` say of each gate, and tells how it was called."""
    cases = " ".join(f"{what}) exit {code};;" for what, code in codes.items())
    tfdash = folder / "tfdash"
    tfdash.write_text(f'#!/bin/sh\necho "$@" >> calls\ncase "$2" in {cases} esac\nexit 0\n')
    tfdash.chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "TFDASH_ENVIRONMENT": "a b"}
    done = subprocess.run(["sh", str(SCRIPT), *argv], cwd=folder, env=env, capture_output=True, check=False)
    calls = folder / "calls"
    told = calls.read_text() if calls.exists() else ""
    calls.unlink(missing_ok=True)
    return done.returncode, told


@pytest.mark.parametrize("release", [0, 1, 2, 3, 64, 130])
@pytest.mark.parametrize("every", [0, 1, 2, 3, 64, 130])
def test_of_several_the_gravest_is_told_and_nothing_but_0_is_a_yes(
    tmp_path: Path, release: int, every: int
) -> None:
    code, calls = ran(tmp_path, "before", release=release, all=every)
    grave = [c for c in (release, every) if c > 2]
    assert code == (grave[0] if grave else 1 if 1 in (release, every) else max(release, every))
    assert len(calls.splitlines()) == 2, "each is asked, whatever the one before said"
    assert calls.count("--environment a b") == 2


def test_without_a_baseline_a_breach_alone_stops_it(tmp_path: Path) -> None:
    assert "gate all --fail-on breach" in ran(tmp_path, "before")[1]
    (tmp_path / "tfdash-baseline.json").write_text("{}")
    assert "gate all --baseline tfdash-baseline.json" in ran(tmp_path, "before")[1]


def test_wrong_usage_is_64_and_asks_nothing(tmp_path: Path) -> None:
    for argv in ((), ("after",), ("after", ""), ("until",)):
        assert ran(tmp_path, *argv) == (64, "")

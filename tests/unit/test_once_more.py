"""What CI makes of a failed test: once more, alone; FLAKY, failed twice, or never excused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ci.once_more import GUARDED, Failure, Results, judge, read, tell

ROOT = Path(__file__).resolve().parents[2]


def results(*ids: str, passed: int = 9) -> Results:
    return Results(passed, tuple(Failure(i, i, "PYTHONHASHSEED=7") for i in ids))


def passes(*good: str) -> Callable[[str], bool]:
    return lambda test: test in good


@pytest.mark.parametrize(
    ("code", "found", "earlier", "good", "why"),
    [
        (0, results(), 0, (), ""),
        (0, results(passed=0), 0, (), "no test was run"),
        (5, results(passed=0), 0, (), "ended with 5"),
        (2, results(), 0, (), "ended with 2"),
        (-9, None, 0, (), "ended with -9"),
        (1, None, 0, (), "ended with 1"),
        (1, results(), 0, (), "though no test failed"),
        (1, results("t.py::a"), 0, ("t.py::a",), ""),
        (1, results("t.py::a"), 0, (), "failed twice: t.py::a"),
        (1, results("t.py::a"), 1, ("t.py::a",), "2 flaky tests"),
        (1, results("t.py::a", "t.py::b"), 0, ("t.py::a", "t.py::b"), "2 flaky tests"),
        (1, results("t.py::a", "t.py::b"), 0, ("t.py::a",), "failed twice: t.py::b"),
        (1, Results(9, (Failure("worker crashed", ""),)), 0, (), "not a test that failed: worker crashed"),
        (1, results(*map(str, range(6))), 0, tuple(map(str, range(6))), "6 failed"),
        (
            1,
            results("tests/unit/store/test_x.py::a"),
            0,
            ("tests/unit/store/test_x.py::a",),
            "nothing may be",
        ),
    ],
)
def test_the_verdict(code: int, found: Results | None, earlier: int, good: tuple[str, ...], why: str) -> None:
    wrong, flaky = judge(code, found, earlier, passes(*good))
    assert why in wrong and bool(wrong) == bool(why)
    assert {f.id for f in flaky} == (set(good) if len(good) < 6 else set())


@pytest.mark.parametrize(
    ("test", "guarded"),
    [
        ("tests/unit/actions/test_walk.py::test_all", True),
        ("tests/tui/test_acting.py::test_x", True),
        ("tests/unit/store/test_ledger.py::test_x", True),
        ("tests/protocol/test_gate.py::test_x", True),
        ("tests/platform/test_store_full.py::test_a_full_disk", True),
        ("tests/unit/cli/test_words.py::test_the_exit_code_says_it", True),
        ("tests/unit/writers/test_send.py::test_x", True),
        ("tests/unit/report/test_report.py::test_x", True),
        ("tests/unit/cli/test_output.py::test_x", True),
        ("tests/unit/cli/test_cli.py::test_a_crash_is_3_x", True),
        ("tests/platform/test_cluster_memory.py::test_x", True),
        ("tests/unit/views/test_views_age.py::test_ages", False),
        ("tests/unit/test_interaction.py::test_x", False),
        ("tests/unit/test_aggregate.py::test_restored", False),
    ],
)
def test_what_may_not_be_flaky(test: str, guarded: bool) -> None:
    assert bool(GUARDED.search(test)) is guarded


# a small project of its own, run as CI runs it; the first word of each test says what it does
_TESTS = """
import os, pathlib, signal
import pytest
HERE = pathlib.Path(__file__).parent
def once(name):
    seen = HERE / name
    if not seen.exists():
        seen.write_text(os.environ["PYTHONHASHSEED"])
        raise AssertionError("the first time only")
    assert seen.read_text() == os.environ["PYTHONHASHSEED"]
def test_good(): pass
def test_skipped(): pytest.skip("not here")
@pytest.mark.parametrize("x", ["a/b[c]"])
def test_flaky(x): once("flaky")
def test_flaky_too(): once("too")
def test_flaky_store(): once("store")
@pytest.fixture
def unready(): once("unready")
def test_unready(unready): pass
def test_bad(): assert False
def test_dies(): os.kill(os.getpid(), signal.SIGKILL)
"""
_CONFTEST = 'def pytest_itemcollected(item):\n    item.user_properties.append(("nodeid", item.nodeid))\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(_CONFTEST)
    (tmp_path / "test_it.py").write_text(_TESTS)
    (tmp_path / "test_broken.py").write_text("import no_such_module\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def ci(project: Path, *argv: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.ci.once_more",
            str(project / "ledger"),
            "-q",
            f"--rootdir={project}",
            *argv,
        ],
        cwd=project,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("chosen", "code", "told"),
    [
        ("good", 0, "=== 1 passed in"),
        ("flaky and not too and not store", 0, "=== 1 passed, 1 of them FLAKY in"),
        ("flaky_too or unready", 1, "FAILED: 2 flaky tests in one run"),
        ("store", 1, "FAILED: flaky where nothing may be"),
        ("bad or good", 1, "FAILED: failed twice: test_it.py::test_bad"),
        ("dies", 137, "FAILED: pytest ended with -9"),
        ("nothing_like_it", 5, "FAILED: pytest ended with 5"),
    ],
)
def test_as_ci_runs_it(project: Path, chosen: str, code: int, told: str) -> None:
    ended, lines = ci(project, "test_it.py", "-k", chosen)
    assert ended == code or (code == 137 and ended != 0), lines
    assert any(line.startswith(told) for line in lines[-2:]), lines
    assert lines[-1].startswith("===") and " passed" in lines[-1]


def test_what_cannot_be_collected_or_crashes_in_a_worker_fails(project: Path) -> None:
    ended, lines = ci(project, ".")
    assert ended == 2 and "FAILED" in lines[-2], lines
    ended, lines = ci(project, "test_it.py", "-p", "xdist", "-n", "1", "-k", "dies")
    assert ended == 1 and "not a test that failed" in lines[-2], lines


def test_two_suites_share_what_is_excused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ci(project, "test_it.py", "-k", "flaky_too")[0] == 0
    ended, lines = ci(project, "test_it.py", "-k", "unready")
    assert ended == 1 and lines[-2] == "FAILED: 2 flaky tests in one run"
    tell(project / "ledger")
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told] == ["FLAKY", "FLAKY", "===", "==="]
    assert "test_it.py::test_flaky_too (PYTHONHASHSEED=" in told[0]


def test_a_hypothesis_seed_is_named(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text(
        '<testsuites><testsuite><testcase classname="t" name="a"><properties><property name="nodeid" value="t.py::a"/>'
        '</properties><failure message="no">use --hypothesis-seed=99 to reproduce</failure></testcase></testsuite></testsuites>'
    )
    assert read(junit, "PYTHONHASHSEED=7").failures == (
        Failure("t::a", "t.py::a", "PYTHONHASHSEED=7 --hypothesis-seed=99"),
    )


def test_this_project_names_its_tests_in_the_file(request: pytest.FixtureRequest) -> None:
    """A run alone needs pytest's own id: the hook of ``tests/conftest.py`` gives it."""
    assert ("nodeid", request.node.nodeid) in request.node.user_properties

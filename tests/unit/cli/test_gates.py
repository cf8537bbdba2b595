"""All gates alike: each section has one, each speaks every format, and an exit code means the same of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.unit.cli.server import kubeconfig
from tests.unit.report.gates.test_written import conforms
from tests.unit.report.test_report import check
from tfdash.cli import main
from tfdash.cli.gates import FORMATS, GATES
from tfdash.cli.parser import build, subcommands
from tfdash.config.load import load
from tfdash.playbook.registry import SECTIONS
from tfdash.report.schemas import schema

OPTIONS = {"canary": ("--workload", "shop/web")}
DOCUMENTS = {
    "release": "gate release",
    "canary": "gate canary",
    "versions": "gate versions",
    "maintenance": "calendar items",
}
FINDINGS = [what for what, gate in GATES.items() if gate.findings]
ALWAYS = (
    '[calendar]\ndays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]\nstart = "00:00"\nlength = "24h"\n'
    "blackout_from_day = 0\nblackout_to_day = 0\n"
)


class Runner:
    """A machine that has never run tfdash, and whose cluster does not answer."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.config = folder / "tfdash.toml"
        cluster = f'[environments.production]\nclusters = [{{ name = "one", kubeconfig = "{kubeconfig(folder, "http://127.0.0.1:9")}" }}]\n'
        self.config.write_text(f'{ALWAYS}\n[store]\npath = "{folder}/store"\n{cluster}')

    def __call__(self, *argv: str) -> tuple[int, str, str]:
        try:
            code = main(["gate", *argv, "--config", str(self.config)])
        except SystemExit as left:
            code = int(str(left.code))
        return code, *self._capsys.readouterr()


@pytest.fixture
def runner(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return Runner(tmp_path, capsys)


def test_every_section_has_its_gate_and_no_gate_a_section_that_there_is_not() -> None:
    told = {section for gate in GATES.values() for section in gate.sections}
    assert told == {section.id for section in SECTIONS}
    assert list(subcommands(subcommands(build())["gate"])) == list(GATES)


@pytest.mark.parametrize("what", GATES)
def test_its_help_says_what_0_1_and_2_mean(what: str) -> None:
    assert all(f"  {code}  " in GATES[what].codes for code in (0, 1, 2))


@pytest.mark.parametrize(
    "what", [what for what in GATES if what != "maintenance"]
)  # no cluster is asked of that
def test_what_nobody_could_read_is_not_known_in_every_format(what: str, runner: Runner) -> None:
    """And none of the machine's own files is made."""
    options = OPTIONS.get(what, ())
    reports = [runner.folder / f"told.{suffix}" for suffix in ("xml", "md", "json", "txt")]
    flags = [flag for report in reports for flag in ("--report", str(report))]
    flags += ["--wait", "1s"]  # an option of each, so that a pipeline asks all of them in the same words
    code, out, err = runner(what, *options, "--format", "json", "--explain", *flags)
    document: dict[str, Any] = json.loads(out)
    assert (code, document["exit_code"]) == (2, 2), err
    check(document, schema(DOCUMENTS.get(what, "gate findings")))
    junit, md, as_json, text = (report.read_text() for report in reports)
    root = ElementTree.fromstring(junit)
    conforms(root)
    assert root.find(".//error") is not None and root.find(".//failure") is None
    assert f"tfdash gate {what}: not known (exit 2)" in md
    assert json.loads(as_json) == document
    assert text.strip() or err.strip(), "it says why"
    assert not (runner.folder / "store").exists()


@pytest.mark.parametrize("format", FORMATS)
def test_dates_are_on_record_and_need_no_cluster(runner: Runner, format: str) -> None:
    code, out, _ = runner("maintenance", "--format", format)
    assert code == 2 and "no terminal has anything on record" in out, "as on a runner without a store"
    if format == "json":
        check(json.loads(out), schema("calendar items"))


@pytest.mark.parametrize("what", ["maintenance", "all"])
def test_that_nothing_is_on_record_is_said_of_promises_whose_store_was_read(
    what: str, runner: Runner
) -> None:
    """A store that does not answer was told as one in which nobody wrote, and of a platform without promises a gate of all was no yes."""
    told = "no terminal has anything on record"
    assert told in runner(what)[1]
    usual = runner.config.read_text()
    runner.config.write_text(usual.replace("/store", "/tfdash.toml/store"))
    code, out, _ = runner(what)
    assert code == 2 and told not in out and "what terminals recorded cannot be read" in out
    runner.config.write_text(
        usual
        + "".join(f"[maintenance.items.{name}]\nenabled = false\n" for name in load(None).maintenance.items)
    )
    assert told not in runner(what)[1]


@pytest.mark.parametrize("what", FINDINGS)
@pytest.mark.parametrize("fail_on", ["breach", "warn", "unknown"])
def test_with_no_fail_on_is_what_is_not_known_a_yes(what: str, fail_on: str, runner: Runner) -> None:
    code, _, _ = runner(what, "--fail-on", fail_on)
    needs_no_cluster = what == "maintenance"  # and a promise that is overdue is no breach
    yes = needs_no_cluster and fail_on == "breach"
    assert code == (0 if yes else 1 if fail_on == "unknown" else 2)


@pytest.mark.parametrize("what", GATES)
def test_wrong_usage_is_64_before_anything_is_asked(what: str, runner: Runner, tmp_path: Path) -> None:
    options = OPTIONS.get(what, ())
    assert runner(what, *options, "--report", "told.pdf")[:2] == (64, "")
    assert runner(what, *options, "--format", "pdf")[:2] == (64, "")
    runner.config.write_text("[calendar\n")
    assert runner(what, *options)[:2] == (64, "")


@pytest.mark.parametrize("what", [what for what, gate in GATES.items() if not gate.findings])
def test_a_question_has_no_baseline(what: str, runner: Runner) -> None:
    for more in (("--baseline", "x.json"), ("--fail-on", "breach"), ("--write-baseline", "x.json")):
        code, _, err = runner(what, *OPTIONS.get(what, ()), *more)
        assert code == 64 and "not understood" in err


def test_a_baseline_that_cannot_be_read_ends_it_before_anything_is_asked(
    runner: Runner, tmp_path: Path
) -> None:
    good = {
        "tfdash_baseline": 1,
        "environment": "production",
        "written_at": "2026-11-30T00:00:00Z",
        "findings": [],
    }
    file = tmp_path / "known.json"
    for text, code, said in (
        (None, 64, "there is no"),
        ("{", 64, "it is no JSON"),
        (json.dumps({**good, "environment": "staging"}), 64, "it is of staging, and not of production"),
        (json.dumps({**good, "tfdash_baseline": 2}), 64, "of a newer tfdash"),
        (json.dumps(good), 2, ""),
    ):
        if text is not None:
            file.write_text(text)
        got, out, err = runner("nodes", "--baseline", str(file))
        assert (got, bool(out)) == (code, code == 2) and said in err
    assert runner("nodes", "--baseline", str(tmp_path))[0] == 64
    assert runner("nodes", "--baseline", str(file), "--write-baseline", str(file))[0] == 64


def test_a_report_that_cannot_be_written_is_no_yes(runner: Runner, tmp_path: Path) -> None:
    code, out, err = runner(
        "maintenance", "--fail-on", "breach", "--report", str(tmp_path / "tfdash.toml" / "told.md")
    )
    assert (code, bool(out)) == (3, True) and "--report: " in err

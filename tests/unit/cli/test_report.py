"""``tfdash report`` with a real store and no cluster: what it says, where it writes, and whose templates it takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.store.helpers import note
from tfdash.cli import main
from tfdash.clock import SystemClock
from tfdash.model.store_state import EntryKind
from tfdash.store.opening import StoreOptions, open_store


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose kubeconfig is not there, with a store in which ann was refused something an hour ago."""
    (tmp_path / "templates").mkdir()
    path = tmp_path / "tfdash.toml"
    path.write_text(
        f'[store]\npath = "{tmp_path / "store"}"\n[reports]\ntemplates = "{tmp_path / "templates"}"\n'
        f'[environments.production]\nkubeconfig = "{tmp_path / "none"}"\n'
    )
    opened = open_store(
        StoreOptions(path=str(tmp_path / "store")), SystemClock(), acting=True, terminal="wall-1"
    )
    at = SystemClock().now() - 3600
    thread = opened.store.recorder.thread
    file = opened.store.recorder.file
    assert file is not None
    draft = note(
        "the calendar is closed", kind=EntryKind.REFUSAL, actor="ann", action="rollout.promote", at=at
    )
    thread.submit(lambda: file.append(draft)).result(10)
    opened.store.close()
    return path


def report(config: Path, *words: str) -> int:
    return main(["report", *words, "--config", str(config), "--wait", "1s"])


def test_without_a_cluster_it_says_what_it_does_not_know(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(config, "daily", "--format", "json") == 2
    told = json.loads(capsys.readouterr().out)
    assert [row["actor"] for row in told["parts"]["actions"]["rows"]] == ["ann"]
    assert told["findings"] is None, (
        "what is open is not known, and the next report does not take it for nothing"
    )
    assert any("what is so now is not known" in one for one in told["not_known"])


def test_the_next_one_begins_where_the_last_one_ended(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "daily.json"
    assert report(config, "daily", "--format", "json", "-o", str(file)) == 2
    first = json.loads(file.read_text())
    assert first["since_why"] == "no earlier one is known"
    for words in ((), ("--last", str(file))):
        assert report(config, "daily", "--format", "json", *words) == 2
        told = json.loads(capsys.readouterr().out)
        assert told["since"] == first["until"] and not told["parts"]["actions"]["rows"]
    assert report(config, "weekly", "--format", "json") == 2, "of another kind"
    assert json.loads(capsys.readouterr().out)["since_why"] == "no earlier one is known"


def test_a_file_that_is_no_report_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(config, "daily", "--last", str(config)) == 64
    assert "--last:" in capsys.readouterr().err
    other = config.with_name("weekly.json")
    other.write_text('{"report": "weekly", "environment": "production", "until": "2026-11-24T09:00:00Z"}')
    assert report(config, "daily", "--last", str(other)) == 64
    assert "it is a weekly report of production, not a daily report of production" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("audit", "--from", "soon", "--to", "2026-11-01"), '"soon" is no time'),
        (("audit", "--from", "2025-11-02", "--to", "2025-11-01"), "it would be of no time"),
        (("audit", "--from", "2025-11-02", "--to", "2999-11-01"), "--to lies ahead"),
        (("release", "--workload", "checkout"), 'of "checkout" no release is on record'),
    ],
)
def test_what_cannot_be_is_told(
    words: tuple[str, ...], told: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(config, *words) in (3, 64)
    assert told in capsys.readouterr().err


def test_a_last_day_that_is_not_over_goes_until_now(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A monthly job had to name a moment that has passed."""
    ahead = (datetime.now(UTC) + timedelta(hours=20)).isoformat()
    assert report(config, "audit", "--from", "2025-11-02", "--to", ahead, "--format", "json") == 2
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["until"] <= told["generated_at"]
    assert "the last day of --to is not over: it goes until now" in err and "until now" in told["since_why"]


def test_the_companys_own_template_is_taken(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "templates" / "daily.md").write_text(
        "{% for row in document.parts.actions.rows %}{{ row.actor }} was {{ row.result }}{% endfor %}"
    )
    assert report(config, "daily", "--format", "md") == 2
    assert capsys.readouterr().out == "ann was refused\n"
    assert report(config, "weekly", "--format", "md") == 2
    assert "Weekly report" in capsys.readouterr().out, "the shipped one"


def test_a_broken_one_is_told_before_anything_is_read(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "templates" / "report.html"
    own.write_text("<html>\n{% if %}")
    assert report(config, "daily", "--format", "html") == 64
    told = capsys.readouterr().err.replace("\n", " ")
    assert f"{own}:2: Expected an expression" in told and "not known" not in told
    own.write_text("<p>{{ title }}</p>")
    assert report(config, "daily", "--format", "html") == 64
    assert "a page of HTML needs <head>" in capsys.readouterr().err


def test_the_page_is_sealed(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(config, "audit", "--from", "7d", "--to", "1s", "--format", "html") == 2
    page = capsys.readouterr().out
    assert "default-src 'none'" in page and "<script" not in page

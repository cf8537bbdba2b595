"""``tfdash calendar`` and ``gate maintenance``: what is on record, read from a real store by the real commands."""

from __future__ import annotations

import asyncio
import json
import re
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.server import kubeconfig
from tests.unit.report.test_report import check
from tfdash.cli import main
from tfdash.clock import SystemClock
from tfdash.model.maintenance import EvidenceKind, item_subject
from tfdash.model.store_state import COMPLETION, EntryKind
from tfdash.model.subject import Subject
from tfdash.report.schemas import schema
from tfdash.store.opening import StoreOptions, open_store

DAY = 86_400.0
DRILL, BACKUP = item_subject("drill", "production"), item_subject("backup", "production", "", "main")
ITEMS = """
[maintenance.items.drill]
title = "Restore drill"
when = "within 7d"
owner = "dba"

[maintenance.items.backup]
title = "Backup read back"
when = "within 30d"
places = ["main", "reports"]
"""


class Calendar:
    """A configuration with a store of its own; ``done`` puts a record there, calling it runs the command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self.store = capsys, folder / "store"
        self.path = folder / "tfdash.toml"
        where = kubeconfig(folder, "http://127.0.0.1:1")
        self.path.write_text(
            f'[store]\npath = "{self.store}"\n[environments.production]\n[[environments.production.clusters]]\n'
            f'name = "eu-1"\nkubeconfig = "{where}"\n{ITEMS}'
        )

    def since(self, days_ago: float) -> None:
        """Account is kept of the two from that day on."""
        day = date.today() - timedelta(days=days_ago)
        self.path.write_text(self.path.read_text().replace("when =", f'start = "{day}"\nwhen ='))

    def done(self, subject: Subject, days_ago: float) -> None:
        store = open_store(StoreOptions(path=str(self.store)), SystemClock(), acting=True, terminal="t").store
        data = {
            "topic": COMPLETION,
            "done_at": time.time() - days_ago * DAY,
            "evidence": EvidenceKind.IMPORTED.value,
        }
        asyncio.run(
            store.append(EntryKind.NOTE, actor="ann", subject=subject, sentence="was done", data=data)
        )
        store.close()

    def __call__(self, *argv: str) -> tuple[int, str, str]:
        try:
            code = main([*argv, "--config", str(self.path)])
        except SystemExit as left:
            code = int(str(left.code))
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *argv: str) -> dict[str, Any]:
        code, out, _ = self(*argv, "--format", "json")
        told: dict[str, Any] = json.loads(out)
        check(told, schema("calendar items"))
        assert told["exit_code"] == code
        assert sum(told["counts"].values()) == len(told["items"])
        return told


@pytest.fixture
def calendar(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Calendar:
    for name in ("KUBECONFIG", "TFDASH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return Calendar(tmp_path, capsys)


def test_on_the_first_day_nothing_is_due_and_nothing_missed(calendar: Calendar) -> None:
    code, out, err = calendar("calendar", "due")
    assert (code, err) == (0, "")
    assert out.startswith("nothing is due; ") and "not yet watched" in out
    code, out, _ = calendar("gate", "maintenance")
    assert (
        code == 2 and "no terminal has anything on record" in out
    )  # another store may know that one is overdue
    code, out, _ = calendar("gate", "maintenance", "--item", "drill")
    assert (code, out) == (2, "1 not yet watched\n")  # of what is named an answer is wanted


def test_what_was_done_what_is_overdue_and_what_comes_next(calendar: Calendar) -> None:
    calendar.since(40)
    calendar.done(DRILL, 12)
    calendar.done(BACKUP, 2)
    code, out, _ = calendar("calendar", "due")
    assert code == 1
    assert [line.split("   ")[0] for line in out.splitlines()] == [
        "STATE",
        "▲ overdue",
        "▲ overdue",
        *out.splitlines()[3:],
    ]
    (line,) = (line for line in out.splitlines() if line.endswith("drill"))
    assert [part.strip() for part in line.split("  ") if part][1:3] == ["Restore drill", "production"]
    assert "imported, ann" in line
    assert (
        len(calendar.json("calendar", "list")["items"]) > len(calendar.json("calendar", "due")["items"]) == 2
    )
    told = calendar.json("calendar", "next")
    assert [i["place"] for i in told["items"][:3]] == ["production", "production reports", "production main"]
    assert [i["standing"] for i in told["items"][:3]] == ["overdue", "overdue", "done"]
    code, out, _ = calendar("gate", "maintenance")
    assert code == 1 and "▲ warn  Restore drill: overdue since" in out and "(production)" in out
    assert calendar("gate", "maintenance", "--item", "drill")[0] == 1
    assert calendar.json("gate", "maintenance", "--item", "drill")["counts"]["overdue"] == 1


def test_for_the_auditor(calendar: Calendar) -> None:
    calendar.since(100)
    calendar.done(DRILL, 99)
    told = calendar.json("calendar", "audit", "--item", "drill")
    (item,) = told["items"]
    verdicts = [p["verdict"] for p in item["periods"]]
    assert verdicts.count("missed") >= 3 and item["periods"][0]["completion"]["by"] == "ann"
    assert item["share"] == round(item["kept"] / item["judged"], 4)
    code, out, _ = calendar("calendar", "audit", "--item", "drill")
    assert code == 1 and f"{item['kept']} of {item['judged']}" in out
    _, line, *_ = out.splitlines()
    assert "✖✖" in line and out.rstrip().endswith("─ of a longer period")


def test_an_item_that_is_not_there(calendar: Calendar) -> None:
    for words in (("calendar", "list"), ("gate", "maintenance")):
        code, out, err = calendar(*words, "--item", "dril")
        assert (code, out) == (64, "") and 'did you mean "drill"?' in err


def test_an_item_that_is_kept_nowhere_is_said_and_not_denied(calendar: Calendar) -> None:
    calendar.path.write_text(
        calendar.path.read_text()
        + """
[maintenance.items.off]
when = "each month"
title = "Not now"
enabled = false
[[environments.lab.clusters]]
name = "us-1"
"""
    )
    for words in (("calendar", "list"), ("gate", "maintenance")):
        code, out, err = calendar(*words, "--item", "off")
        assert (code, out) == (64, "") and "[maintenance.items.off] enabled = false" in err
    plain = calendar.path.read_text().partition("[environments")[0]
    here = calendar.store.parent / "plain.toml"
    here.write_text(
        f"{plain}[maintenance.items.lost]\nwhen = 'each month'\ntitle = 'x'\nenvironments = ['prod']\n"
    )
    calendar.path, kubeconfig_there = here, str(kubeconfig(calendar.store.parent, "http://127.0.0.1:1"))
    _, _, err = calendar("calendar", "list", "--kubeconfig", kubeconfig_there)
    assert (
        'lost is kept at none of those that are shown: [maintenance.items.lost] environments = ["prod"]'
        in err
    )


def test_records_that_cannot_be_read_are_not_known(calendar: Calendar) -> None:
    calendar.store.mkdir()
    (calendar.store / "terminal-0.db").write_bytes(b"no database" * 1000)
    code, out, _ = calendar("calendar", "due", "--item", "drill")
    assert code == 2 and "no evidence" in out
    code, out, _ = calendar("gate", "maintenance")
    assert code == 2 and "promises not known: what terminals recorded cannot be read whole" in out


def test_the_gate_names_what_is_overdue_in_the_order_of_the_list(calendar: Calendar) -> None:
    calendar.since(50)
    calendar.done(DRILL, 12)
    overdue = [i["sentence"] for i in calendar.json("calendar", "due")["items"] if i["standing"] == "overdue"]
    assert len({i.split(":")[0] for i in overdue}) == 2
    _, out, _ = calendar("gate", "maintenance")
    named = [s for line in out.splitlines()[1:] for s in overdue if s in line]
    assert list(dict.fromkeys(named)) == list(dict.fromkeys(overdue))


def test_a_fresh_install_says_it_in_one_clause(calendar: Calendar) -> None:
    _, out, _ = calendar("snapshot", "--screen", "calendar", "--wait", "5s")
    assert re.search(r"^0 overdue, \d+ not yet watched$", out, re.MULTILINE)


def test_the_screen_as_a_report(calendar: Calendar) -> None:
    calendar.since(40)
    calendar.done(DRILL, 12)
    code, out, _ = calendar("snapshot", "--screen", "calendar", "--format", "json", "--wait", "5s")
    told = json.loads(out)
    check(told, schema("snapshot calendar"))
    assert (told["screen"], told["exit_code"], code) == ("calendar", 1, 1)
    assert told["release"]["zone"] == "America/New_York"
    assert [i["standing"] for i in told["items"][:2]] == ["overdue", "overdue"]
    code, out, _ = calendar("snapshot", "--screen", "calendar", "--wait", "5s", "--width", "100")
    assert code == 1 and "Restore drill" in out and "3 overdue" in out
    assert max(map(len, out.splitlines())) <= 100

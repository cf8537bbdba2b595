"""Every list that ``snapshot`` writes, also of a kind that only the server knows, in every state of what it reads: text,
code and JSON say the same."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.reports import snapshot_of
from tests.unit.playbook.making import NOW, REF
from tests.unit.report.test_truth_table import (
    GOOD,
    LOST,
    STALE_AFTER,
    STATES,
    STUCK,
    UTC,
    whole,
    worst_printed,
)
from tfdash.cli.snapshot_options import ALL, REPORTED
from tfdash.judging.judge import judge_all
from tfdash.model.kube import PrintedRow, TableColumn
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture
from tfdash.model.resources import ApiResource
from tfdash.model.subject import Key
from tfdash.model.verdict import Level
from tfdash.report.gather import needs
from tfdash.views.kinds import KindView
from tfdash.views.kinds.discovered import discovered_view

WIDGETS = "widgets.example.com"
WIDGET = PrintedRow(
    namespace="a", name="w", created=NOW - 60, columns=(TableColumn("State", "string"),), cells=("Broken",)
)
ELSEWHERE = (
    ALL,
    "changes",
    "canary",
    "resources",
    "calendar",
    "recovery",
    "versions",
)  # reports of their own, with tables of their own
SCREENS = (*(screen for screen in REPORTED if screen not in ELSEWHERE), WIDGETS)


def view_of(screen: str) -> KindView | None:
    if screen != WIDGETS:
        return None
    resource = ApiResource(
        group="example.com", version="v1", resource="widgets", kind="Widget", namespaced=True
    )
    return discovered_view(WIDGETS, resource)


def read(screen: str, view: KindView | None) -> Picture:
    p = whole((*STUCK, GOOD, LOST))
    cluster = p.clusters[REF]
    nothing: Observation[Any] = Observation(value={}, complete=True, observed_at=NOW)
    row = {WIDGETS: msgspec.structs.replace(nothing, value={Key("a", "w"): WIDGET})}
    kinds = {**dict.fromkeys(needs(screen, view), nothing), **cluster.kinds, **row}
    return msgspec.structs.replace(p, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})


@pytest.mark.parametrize("screen", SCREENS)
def test_text_code_and_json_say_the_same(screen: str) -> None:
    view = view_of(screen)
    well = read(screen, view)
    cluster = well.clusters[REF]
    for name, change in {"well": None, **STATES}.items():
        p = well
        if change is not None:
            kinds = {
                k: change(seen) if k in needs(screen, view) else seen for k, seen in cluster.kinds.items()
            }
            p = msgspec.structs.replace(p, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})
        told = judge_all(p, NOW, stale_after=STALE_AFTER)
        text = snapshot_of(p, told, screen, None, "text", NOW, UTC, view=view)[0]
        document = json.loads(snapshot_of(p, told, screen, None, "json", NOW, UTC, view=view)[0])
        code = snapshot_of(p, told, screen, None, "text", NOW, UTC, view=view)[1]
        worst = worst_printed(text)
        assert (
            code
            == document["exit_code"]
            == (1 if worst >= Level.WARN else 2 if worst is Level.UNKNOWN else 0)
        ), f"{name}: {code}, printed {worst.name}\n{text}"
        assert change is None or code, f"nothing is wrong although what it reads is {name}\n{text}"
        counts = document["counts"]
        assert set(counts) == {level.name for level in Level}
        assert bool(counts["WARN"] + counts["BREACH"]) is (code == 1), f"{name}: {counts}"
        levels = [s["level"] for s in document.get("sections", ())]
        # "19 WARN" stood over a page whose first line was a BREACH
        assert all(counts[level] for level in levels if level in ("WARN", "BREACH")), f"{name}: {counts}"
        rows = document.get("rows", ())
        assert sum(counts.values()) <= max(len(rows), 0 if rows else sum(counts.values())), (
            "each row counts once"
        )
        said = [v["level"] for row in rows for v in row["verdicts"]]
        assert all(counts[level] for level in said if level in ("WARN", "BREACH")), f"{name}: {counts} {said}"

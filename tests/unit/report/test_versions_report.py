"""``snapshot --screen versions``: what the page says, in text and JSON against its schema, and what a script should think of it."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.reports import snapshot_of
from tests.unit.playbook.versions.making import HOUR, NOW, PRODUCTION
from tests.unit.playbook.versions.test_stored import PDB, release
from tests.unit.report.test_report import check
from tests.unit.test_judging_versions import picture
from tests.unit.views.making import HOSTILE, VISIBLE
from tfdash.judging.judge import judge_all
from tfdash.model.helm import StoredRelease
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.subject import Key
from tfdash.model.versions import VersionSighting
from tfdash.report.schemas import schema

ZONE = ZoneInfo("America/New_York")
SEEN = VersionSighting(PRODUCTION, NOW - 4 * HOUR, NOW - HOUR, ("v1.37.1",))


def stored(p: Picture, *releases: StoredRelease, problem: Problem | None = None) -> Picture:
    objects = {Key(one.namespace, one.name): one for one in releases}
    seen: Observation[Any] = Observation(
        value=objects, observed_at=NOW, complete=problem is None, problem=problem, interval=1800.0
    )
    one = p.clusters[PRODUCTION]
    kinds = {**one.kinds, StoredRelease.KIND: seen}
    return msgspec.structs.replace(p, clusters={PRODUCTION: msgspec.structs.replace(one, kinds=kinds)})


def reported(p: Picture, format: str = "text", late: tuple[str, ...] = ()) -> tuple[str, int]:
    return snapshot_of(p, judge_all(p, NOW), "versions", None, format, NOW, ZONE, None, late)


WELL = stored(picture(NOW, {"a": "v1.37.2"}, memory=(SEEN,)))
NOT_READ = Problem(kind=ProblemKind.FORBIDDEN, cause="Secrets: may not list")


@pytest.mark.parametrize(
    ("p", "code", "words"),
    [
        (WELL, 2, "? unknown"),  # whether anything may go to production: nobody watched staging
        (stored(WELL, release(PDB)), 1, "✖ BREACH     Helm cannot upgrade shop/web"),
        (
            stored(WELL, problem=NOT_READ),
            2,
            "stored Helm releases 1.38 breaks is not known: Secrets: may not list",
        ),
        (picture(NOW, {"a": "v1.33.1"}), 1, "is no longer supported since 28 Jun 2026"),
        (picture(NOW, None), 2, "data sources"),
        (Picture(at=NOW, number=1, clusters={}), 2, "? nothing was judged yet"),
    ],
)
def test_its_code_rests_on_what_is_said_and_on_what_is_not_known(p: Picture, code: int, words: str) -> None:
    text, found = reported(p)
    assert (words in text, found) == (True, code) or (words == "? unknown" and found in (0, 2)), text
    document = json.loads(reported(p, "json")[0])
    check(document, schema("snapshot versions"))
    check(document, schema())
    assert document["exit_code"] == found


def test_the_document_has_what_the_page_has() -> None:
    document = json.loads(reported(stored(WELL, release(PDB)), "json")[0])
    assert document["running"] == "v1.37.2" and document["plans"] == []
    assert document["soak"] == {
        "version": "1.37.2",
        "since": "2026-11-24T15:00:00Z",
        "until": "2026-11-24T15:00:00Z",
        "watched_seconds": 0,
        "first": False,
        "gaps": [],
    }
    assert [(s["recorded"], s["versions"]) for s in document["seen"]] == [
        (False, ["v1.37.2"]),
        (True, ["v1.37.1"]),
    ]
    first = document["verdicts"][0]
    assert (first["rule"], first["subject"]["namespace"], first["subject"]["name"]) == (
        "versions.helm",
        "shop",
        "web",
    )
    assert document["counts"]["BREACH"] == 1


def test_what_was_waited_for_in_vain_is_said_and_nothing_is_control() -> None:
    text, code = reported(stored(WELL, release(PDB, called=HOSTILE)), late=(HOSTILE,))
    assert code == 1 and f"? not read: {VISIBLE}" in text
    assert not any(c in text for c in HOSTILE if not c.isprintable())
    document = reported(stored(WELL, release(PDB, called=HOSTILE)), "json", (HOSTILE,))[0]
    check(json.loads(document), schema("snapshot versions"))


def test_lines_are_cut_where_somebody_says_how_wide() -> None:
    p = stored(WELL, release(PDB))
    text, _ = snapshot_of(p, judge_all(p, NOW), "versions", None, "text", NOW, ZONE, 60)
    assert max(map(len, text.splitlines())) <= 60


def test_the_schema_refuses_what_lacks_a_part() -> None:
    document = json.loads(reported(WELL, "json")[0])
    for part in ("running", "soak", "seen", "verdicts", "counts", "sources"):
        with pytest.raises(AssertionError):
            check({k: v for k, v in document.items() if k != part}, schema("snapshot versions"))
    with pytest.raises(AssertionError):
        check(document, schema("snapshot calendar"))
    with pytest.raises(KeyError):
        schema("snapshot nothing")

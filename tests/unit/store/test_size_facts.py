"""What scale-downs wrote down, as all entries add up to it: in any order, until a restore brought it back."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.unit.store.helpers import REF
from tfdash.model.store_state import RESTORE, SCALE_DOWN, Entry, EntryKind
from tfdash.model.subject import Subject
from tfdash.store.log.audit_projection import AuditProjection, subject_data
from tfdash.store.log.redact import Redactor

NIGHT = Subject(REF, "Namespace", "", "night")
WEB, API = (f"Deployment night/{name}" for name in ("web", "api"))


def entry(kind: EntryKind, at: float, intent: str, action: str, data: dict[str, Any]) -> Entry:
    told = {**data, "subject": subject_data(NIGHT)} if kind is EntryKind.INTENT else data
    return Entry(
        version=1, terminal="t", sequence=1, at=at, kind=kind, actor="ann", action=action, intent=intent, data=json.dumps(told)
    )  # fmt: skip


def down(at: float, *sizes: tuple[str, str], action: str = SCALE_DOWN) -> Entry:
    rows = json.dumps([["Deployment", name, size] for name, size in sizes])
    plan = {"arguments": [["remembers", rows]]}
    return entry(EntryKind.INTENT, at, f"t:{at:g}", action, {"plan": plan})


def back(at: float) -> Entry:
    return down(at, action=RESTORE)


def ended(intent: float, result: str, *items: tuple[str, str], action: str = SCALE_DOWN) -> Entry:
    data = {"result": result, "items": [list(i) for i in items]}
    return entry(EntryKind.OUTCOME, intent + 1, f"t:{intent:g}", action, data)


def told(*entries: Entry) -> dict[str, str]:
    projection = AuditProjection(lambda digest: "")
    for one in entries:
        projection.apply(one)
    return {at.name: size.memory for at, size in projection.sizes.items()}


FIRST = down(10, ("web", "3"), ("api", "5"))


@pytest.mark.parametrize(
    ("entries", "sizes"),
    [
        ((FIRST,), {"web": "3", "api": "5"}),  # killed before anything could be said of it
        ((FIRST, ended(10, "applied")), {"web": "3", "api": "5"}),
        ((FIRST, ended(10, "refused")), {}),
        ((FIRST, ended(10, "unknown")), {"web": "3", "api": "5"}),
        ((FIRST, ended(10, "unknown"), ended(10, "not applied")), {}),  # settled by reading
        ((FIRST, ended(10, "failed", (WEB, "done"), (API, "it moved"))), {"web": "3"}),
        # what was not done then is as the next one found it
        ((FIRST, ended(10, "failed", (WEB, "done")), down(20, ("api", "6"))), {"web": "3", "api": "6"}),
        ((FIRST, ended(10, "applied"), down(20, ("web", "9"))), {"web": "3", "api": "5"}),  # it may never have happened
        ((FIRST, ended(10, "applied"), down(20, ("web", "2")), ended(20, "applied")), {"web": "2", "api": "5"}),
        ((FIRST, ended(10, "applied"), back(30)), {"web": "3", "api": "5"}),
        ((FIRST, ended(10, "applied"), back(30), ended(30, "applied", action=RESTORE)), {}),
        ((FIRST, ended(10, "applied"), back(30), ended(30, "failed", (WEB, "done"), action=RESTORE)), {"api": "5"}),
    ],
)  # fmt: skip
def test_a_size_counts_until_its_object_was_brought_back(
    entries: tuple[Entry, ...], sizes: dict[str, str]
) -> None:
    for order in itertools.islice(itertools.permutations(entries), 24):
        outcomes = [o for o in order if o.kind is EntryKind.OUTCOME]
        if outcomes == sorted(outcomes, key=entries.index):  # of one chain they come as they were written
            assert told(*order) == sizes, order


def test_what_earlier_programs_wrote_is_read() -> None:
    plan = {"arguments": [["remembers", json.dumps({"Deployment web": "3"})]]}
    assert told(entry(EntryKind.INTENT, 10, "t:10", SCALE_DOWN, {"plan": plan})) == {"web": "3"}


def test_a_name_that_looks_like_a_secrets_keeps_its_size() -> None:
    one = down(10, ("auth-token", "3"), ("password", "4"))
    kept = Redactor()(json.loads(one.data))
    assert told(entry(EntryKind.INTENT, 10, "t:10", SCALE_DOWN, kept)) == {"auth-token": "3", "password": "4"}


@pytest.mark.parametrize("odd", ["[", "3", '[["Deployment", "web"]]', '[["Deployment", "web", 3]]', "{}"])
def test_what_is_odd_says_nothing(odd: str) -> None:
    plan = {"arguments": [["remembers", odd]]}
    assert told(entry(EntryKind.INTENT, 10, "t:10", SCALE_DOWN, {"plan": plan})) == {}

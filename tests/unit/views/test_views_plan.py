"""What can hurt is said first, once, and none of it is left out."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.actions.test_plan_digest import PLAN
from tests.unit.views.test_views_changes import entry
from tfdash.model.action import Check, Guarded, Post, Progress, Result, Waiver
from tfdash.model.store_state import EntryKind
from tfdash.views.audit import kind_cell
from tfdash.views.plan import hurt_lines, progress_lines


def texts(guarded: Guarded, refused: str = "") -> list[str]:
    lines = hurt_lines([guarded, guarded], refused)
    return ["".join(c if isinstance(c, str) else c[0] for c in line) for line in lines]


def test_what_changed_what_is_waived_skipped_and_not_reverted_and_what_is_not_known() -> None:
    lock = Check(id="lock", text="bob acts on it too", passed=None)
    well = Check(id="right", text="may patch", passed=True)
    plan = msgspec.structs.replace(PLAN, waives=(Waiver(id="calendar", text="the calendar: closed"),))
    told = texts(Guarded(plan=plan, checks=(lock, well), changed=("replicas: 2 → 3",)))
    assert told == [
        "▲ changed meanwhile: replicas: 2 → 3",
        "▲ Goes past the calendar: closed",
        "Skips: a pause",
        "Not reverted: ConfigMap web-cfg",
        "? bob acts on it too",
    ]


def test_a_verdict_that_is_gone_past_is_said_once_by_its_check_or_else_as_a_waiver() -> None:
    plan = msgspec.structs.replace(
        PLAN, waives=(Waiver(id="verdict", text="a PASS: HOLD"),), skips=(), not_reverted=()
    )
    check = Check(id="canary", text="HOLD; needs a further confirmation", passed=None)
    assert texts(Guarded(plan=plan, checks=(check,))) == ["? HOLD; needs a further confirmation"]
    assert texts(Guarded(plan=plan, checks=())) == ["▲ Goes past a PASS: HOLD"]


def test_what_refuses_is_said_where_the_answer_is() -> None:
    bad = Check(id="right", text="no right", passed=False)
    plan = msgspec.structs.replace(PLAN, waives=(), skips=(), not_reverted=())
    assert texts(Guarded(plan=plan, checks=(bad,)), "no right") == []


@pytest.mark.parametrize(
    ("held", "unseen", "headline"),
    [
        ((), False, ("✔ applied", "ok")),
        ((True,), False, ("✔ applied", "ok")),
        ((True, False), True, ("▲ applied, and what was to come of it was NOT seen", "warn")),
        ((None,), True, ("▲ applied, and what was to come of it was NOT seen", "warn")),
    ],
)
def test_what_was_not_seen_in_time_is_a_warning(
    held: tuple[bool | None, ...], unseen: bool, headline: tuple[str, str]
) -> None:
    posts = tuple((Post(id=f"p{i}", text="every pod runs it", within=60.0), h) for i, h in enumerate(held))
    done = Progress(plan=PLAN, stage="done", result=Result.APPLIED, sentence="sent", posts=posts)
    assert done.unseen is unseen
    assert [headline] in progress_lines(done)
    for other in (Result.REFUSED, Result.UNKNOWN, None):
        assert not msgspec.structs.replace(done, result=other).unseen
    assert not msgspec.structs.replace(done, stage="verifying").unseen


@pytest.mark.parametrize(
    ("kind", "data", "token"),
    [
        (EntryKind.VERIFICATION, '{"verified":true}', "ok"),
        (EntryKind.VERIFICATION, '{"verified":false}', "warn"),
        (EntryKind.VERIFICATION, "nonsense", "warn"),
        (EntryKind.OUTCOME, '{"result":"applied"}', "ok"),
        (EntryKind.OUTCOME, '{"result":"failed"}', "warn"),
        (EntryKind.OUTCOME, '{"result":"unknown outcome"}', "warn"),
        (EntryKind.INTENT, "{}", "moving"),
    ],
)
def test_an_entry_of_what_was_not_seen_is_no_green_one(kind: EntryKind, data: str, token: str) -> None:
    assert kind_cell(entry(1.0, kind=kind, data=data)) == (kind.value, token)

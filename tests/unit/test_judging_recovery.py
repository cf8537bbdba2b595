"""What a judge says of recoveries: from picture to picture, and as a section."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.unit.playbook.making import NOW, REF, deployment, picture
from tests.unit.playbook.procedures.probing import GONE, seen
from tfdash.judging.judge import Judge
from tfdash.judging.recovery import AGAIN, SPACED
from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, ClusterPicture, Picture
from tfdash.model.procedure import Procedure
from tfdash.model.run import RunEvent, RunEventKind, RunJournal
from tfdash.model.section import SectionState
from tfdash.model.store_state import StoreState
from tfdash.model.verdict import Level
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.policy import RecoveryPolicy
from tfdash.playbook.procedures.reading import digest_of, read_procedure
from tfdash.playbook.procedures.started import run_id
from tfdash.playbook.registry import SECTIONS

TEXT = """
title = "a service fails"
purpose = "for a test"
recovery = true
rto = "10m"
rehearse = "90d"
[[inputs]]
id = "service"
title = "which"
type = "workload"
[scenario]
title = "down"
signs = [{ probe = "workload.down" }]
[[ready]]
probe = "source.current"
source = "kubernetes"
[[steps]]
id = "look"
title = "look"
kind = "manual"
text = "look at it"
[[steps]]
id = "mend"
title = "mend"
kind = "manual"
text = "mend it"
"""
PROCEDURE = read_procedure("service", TEXT)
ANY = Change(keys={(REF, "Deployment"): None}, freshness=frozenset({(REF, "")}), store=None)
QUIET = Change(keys={(REF, "Deployment"): None}, freshness=frozenset({(REF, "")}))
WELL, DOWN = deployment(), deployment(ready=0, available=0, unavailable=3)


def judge(*procedures: Procedure, **more: Any) -> Judge:
    table = {one.id: one for one in procedures}
    return Judge(policies=Policies(recovery=RecoveryPolicy(procedures=table, **more)))


def section(said: Assessment) -> SectionState:
    return next(s for s in said.sections if s.id == "recovery")


def told(of: Picture, now: float = NOW, *, by: Judge | None = None, change: Change = ANY) -> SectionState:
    return section((by or judge(PROCEDURE)).assess(of, change, now)[0])


def journal(*events: tuple[RunEventKind, float, dict[str, Any]], dry: bool = False) -> Picture:
    inputs = {"service": ["Deployment a/checkout"]}
    where = (REF.environment, REF.cluster)
    id = run_id("service", digest_of(TEXT), "t", inputs, "n", where=where, dry=dry)
    started = {
        "procedure": "service",
        "text": TEXT,
        "digest": digest_of(TEXT),
        "inputs": inputs,
        "nonce": "n",
        "reason": "r",
        "dry": dry,
        "targets": [],
        "environment": REF.environment,
        "cluster": REF.cluster,
    }
    rows = [(RunEventKind.STARTED, 0.0, started), *events]
    made = tuple(
        RunEvent(
            run=id,
            number=i + 1,
            at=NOW - 300 + after,
            kind=kind,
            by="jo",
            terminal="t",
            step=str(data.get("step", "")),
            data=data,
        )
        for i, (kind, after, data) in enumerate(rows)
    )
    state = StoreState(runs={id: RunJournal(id=id, events=made)})
    return msgspec.structs.replace(picture(WELL), store_state=state)


def signed(step: str, after: float) -> tuple[RunEventKind, float, dict[str, Any]]:
    return RunEventKind.SIGNED, after, {"step": step, "worked": True, "note": "x"}


def test_a_recovery_that_was_never_rehearsed_is_not_known_to_work() -> None:
    found = told(picture(WELL))
    assert (found.level, found.sentence) == (Level.UNKNOWN, "0 of 1 ready")
    assert found.detail == "a service fails: never rehearsed, and is to be every 90d"


def test_one_that_was_is_ready() -> None:
    done = journal(signed("look", 10), signed("mend", 20), (RunEventKind.CLOSED, 30, {}), dry=True)
    found = told(done)
    assert (found.level, found.sentence) == (Level.OK, "1 of 1 ready"), found.detail
    assert told(done, NOW + 91 * 86_400).level >= Level.WARN


def test_one_that_is_carried_out_is_under_way_and_late_after_its_time() -> None:
    of = journal(signed("look", 10))
    found = told(of)
    rows = [(f.level, f.sentence) for f in found.findings]
    assert (Level.MOVING, "a service fails: 1 of 2 steps done, begun by jo") in rows
    late = told(of, NOW + 301)
    assert late.level is Level.WARN and "1 of 2 steps done" in late.detail


def test_what_fits_waits_for_a_person_until_it_is_begun() -> None:
    found = told(picture(DOWN))
    assert found.sentence.startswith("1 fits now, 0 of 1 ready")
    rows = [f.sentence for f in found.findings if f.level is Level.PAUSED]
    assert rows == [
        "a service fails fits: 1 of 1 sign: 1 of 1 workload down: checkout is down, 0 of 3 pods available"
    ]
    begun = journal(signed("look", 10))
    begun = msgspec.structs.replace(picture(DOWN), store_state=begun.store_state)
    assert not [f for f in told(begun).findings if f.level is Level.PAUSED]
    assert told(begun).sentence.startswith("1 under way, 0 of 1 ready")


def test_since_when_it_fits_is_when_that_was_seen_first() -> None:
    one = judge(PROCEDURE)
    for after, objects, since in ((0, DOWN, NOW), (10, DOWN, NOW), (20, WELL, None), (30, DOWN, NOW + 30)):
        said = one.assess(picture(objects), ANY, NOW + after)[0]
        assert said.recovery is not None
        assert [p.since for p in said.recovery.proposals] == [since]


def test_a_file_that_cannot_be_used_is_a_finding() -> None:
    found = told(picture(WELL), by=judge(PROCEDURE, problems=("x.toml:3: no",)))
    assert found.level is Level.WARN and found.detail == "x.toml:3: no"


def test_without_a_runbook_nothing_is_judged_and_before_anything_was_read_nothing_is_known() -> None:
    assert told(picture(WELL), by=judge()).level is Level.IDLE
    nothing = Picture(at=NOW, number=1, clusters={REF: ClusterPicture(ref=REF, info=Observation(), kinds={})})
    found = told(nothing)
    assert found.level is Level.UNKNOWN and found.loading


def test_an_api_server_that_is_away_is_no_breach_of_readiness_and_not_well() -> None:
    found = told(seen(picture(WELL), "", problem=GONE))
    assert found.level is Level.UNKNOWN


def test_what_changes_often_is_looked_at_now_and_then_and_soon() -> None:
    one = judge(PROCEDURE)
    first = one.assess(picture(WELL), ANY, NOW)[0].recovery
    assert one.assess(picture(DOWN), QUIET, NOW + 1)[0].recovery is first
    due = one.due_at()
    assert due is not None and due <= NOW + SPACED < NOW + AGAIN
    again = one.assess(picture(DOWN), QUIET, NOW + SPACED)[0].recovery
    assert again is not None and first is not None
    assert [p.proposed for p in (*first.proposals, *again.proposals)] == [False, True]


def test_what_the_store_says_does_not_wait() -> None:
    one = judge(PROCEDURE)
    one.assess(picture(WELL), ANY, NOW)
    later = msgspec.structs.replace(QUIET, store=frozenset({"runs"}))
    said = one.assess(journal(signed("look", 10)), later, NOW + 1)[0]
    assert said.recovery is not None and len(said.recovery.open) == 1


def test_who_does_not_ask_for_it_does_not_pay_for_it() -> None:
    others = tuple(section for section in SECTIONS if section.id != "recovery")
    one = Judge(policies=Policies(recovery=RecoveryPolicy(procedures={"x": PROCEDURE})), sections=others)
    assert one.assess(picture(WELL), ANY, NOW)[0].recovery is None


def test_what_is_read_for_the_first_time_is_told_at_once() -> None:
    """A snapshot ends with the look behind the last list, not with one of seconds before."""
    one, come = judge(PROCEDURE), picture(DOWN)
    loading = seen(come, "Deployment", value=None, complete=False, observed_at=None)
    assert not told(loading, by=one).sentence.startswith("1 fits now")
    assert told(come, NOW + 1, by=one, change=QUIET).sentence.startswith("1 fits now")
    remembered = one.remembered.recoveries
    assert (REF, "Deployment") in remembered.come and remembered.looked == NOW + 1
    told(loading, NOW + 2, by=one, change=QUIET)
    told(come, NOW + 3, by=one, change=QUIET)  # it came once
    assert one.remembered.recoveries.looked == NOW + 1

"""What an approval binds to: every word and every request of a plan, and nothing of its id and times."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec
import pytest

from tfdash.actions.core.plan_digest import changed_parts, digest_of, of_an_earlier_version, plan_of
from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.model.action import Choice, FreezeRule, Plan, Post, Request, Risk
from tfdash.model.release import Fact
from tfdash.model.store_state import ApprovalRequest
from tfdash.model.subject import ClusterRef, Subject

AT = Subject(ClusterRef("production", "eu-1"), "Deployment", "shop", "web", "uid-web")
REQUEST = Request(
    method="PATCH",
    path="/apis/apps/v1/namespaces/shop/deployments/web",
    body='[{"op":"test"}]',
    query=(("fieldManager", "tfdash"),),
    what="put the template back",
    subject=AT,
    argv=("ci", "rollback"),
    after=Post(id="taken-up", text="it was taken up"),
    unless=Post(id="promoted-to", text="it is stable"),
)
PLAN = Plan(
    id="1",
    action="workload.rollback",
    title="deployment: roll back",
    subject=AT,
    effect="web goes back",
    requests=(REQUEST,),
    facts=(Fact(pointer="/spec/template", value="{}"),),
    before="web:2",
    after="web:1",
    diff=("- web:2", "+ web:1"),
    skips=("a pause",),
    not_reverted=("ConfigMap web-cfg",),
    notes=("applied with kubectl",),
    choices=(Choice(id="stop-sync", text="stop the sync first", requests=(REQUEST,)),),
    posts=(Post(id="rolled-out", text="every pod runs it"),),
    risk=Risk.SECOND_PERSON,
    freeze=FreezeRule.EXEMPT,
    typed="web",
    arguments=(("revision", "1"),),
    policy="p",
    made_at=1.0,
    expires_at=61.0,
)
UNCOVERED = {"id", "digest", "made_at", "expires_at"}
# of yesterday's program (0beb7b6), for PLAN
EARLIER = "d47d35a224776a30a7f9be546e0587f8bb5fdfdabfc5ae022cfb9ac51c7bc488"


def others(value: Any) -> list[Any]:
    """``value`` with one thing in it changed, once for each thing that can be."""
    if isinstance(value, Enum):
        return [next(v for v in type(value) if v is not value)]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, str):
        return [f"{value}."]
    if isinstance(value, int | float):
        return [value + 1]
    if isinstance(value, Subject | ClusterRef):
        return [value._replace(**{f: o}) for f in value._fields for o in others(getattr(value, f))]
    if isinstance(value, tuple):
        changed = [(*value[:i], o, *value[i + 1 :]) for i, v in enumerate(value) for o in others(v)]
        pairs = [o for o in changed if all(not isinstance(v, tuple) or len(v) == 2 for v in o)]
        return [*pairs, value[:-1], (*value, *value[-1:])]
    assert isinstance(value, msgspec.Struct), value
    return [
        msgspec.structs.replace(value, **{f: o})
        for f in value.__struct_fields__
        for o in others(getattr(value, f))
    ]


@pytest.mark.parametrize("name", Plan.__struct_fields__)
def test_whatever_is_shown_or_sent_is_covered(name: str) -> None:
    changed = [msgspec.structs.replace(PLAN, **{name: o}) for o in others(getattr(PLAN, name))]
    assert changed
    same = [digest_of(p) == digest_of(PLAN) for p in changed]
    assert all(same) if name in UNCOVERED else not any(same)


def asked(plan: Plan, digest: str) -> ApprovalRequest:
    text = msgspec.json.encode(msgspec.structs.replace(plan, digest=digest)).decode()
    return ApprovalRequest(
        id="a1", digest=digest, requester="ann", requested_at=0.0, expires_at=900.0, reason="x", plan=text
    )


def test_the_plan_of_an_approval_is_the_one_of_its_digest() -> None:
    digest = digest_of(PLAN)
    assert plan_of(asked(PLAN, digest)) == msgspec.structs.replace(PLAN, digest=digest)


@pytest.mark.parametrize(
    "changed",
    [{"effect": "web restarts"}, {"not_reverted": ()}, {"notes": ()}, {"diff": ("+ web:0",)}, {"posts": ()}],
    ids=str,
)
def test_words_that_were_changed_on_their_way_are_refused(changed: dict[str, Any]) -> None:
    forged = msgspec.structs.replace(PLAN, **changed)
    with pytest.raises(ApprovalRefused, match="not the one that its digest names"):
        plan_of(asked(forged, digest_of(PLAN)))


def test_what_changed_since_it_was_asked_is_named() -> None:
    now = msgspec.structs.replace(PLAN, before="web:3", not_reverted=(), id="2", made_at=9.0)
    assert changed_parts(asked(PLAN, digest_of(PLAN)), now) == "before, not reverted"
    assert changed_parts(asked(PLAN, digest_of(PLAN)), PLAN) == ""
    assert changed_parts(asked(PLAN, "of another"), now) == ""  # nothing is told of what is not proven


def test_parts_that_plans_of_before_had_not_change_no_digest_where_they_say_nothing() -> None:
    """Approvals that wait in a store go on holding."""
    request = msgspec.structs.replace(REQUEST, after=None, unless=None)
    plan = msgspec.structs.replace(PLAN, requests=(request,), choices=())
    assert (
        digest_of(plan) == "de56e2fe57870afa756bd3f92804f38de9069844cd9132967e3bda3471edfcbd"
    )  # of main before them
    assert digest_of(msgspec.structs.replace(plan, promotes=True)) != digest_of(plan)


def test_what_an_earlier_version_asked_is_read_and_refused_with_what_to_do() -> None:
    assert of_an_earlier_version(PLAN, EARLIER)
    with pytest.raises(ApprovalRefused, match=r"earlier version of tfdash .*: ask again"):
        plan_of(asked(PLAN, EARLIER))


def test_a_plan_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ApprovalRefused, match="cannot be read here"):
        plan_of(msgspec.structs.replace(asked(PLAN, "x"), plan="[redacted]"))

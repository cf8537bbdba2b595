"""What an approval binds to: all that is sent and what it rests on, and no word, id or time. Words do not travel: whoever
approves has them from the terminal they sit at."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec
import pytest

from tfdash.actions.core.plan_digest import carried, changed_parts, derived, digest_of, plan_of
from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.model.action import Choice, FreezeRule, Plan, Post, Request, Risk, Waiver
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
    choices=(Choice(id="stop-sync", text="stop the sync first", chosen=True, requests=(REQUEST,)),),
    posts=(Post(id="rolled-out", text="every pod runs it"),),
    risk=Risk.SECOND_PERSON,
    freeze=FreezeRule.EXEMPT,
    typed="web",
    arguments=(("revision", "1"),),
    policy="p",
    waives=(Waiver(id="calendar", text="the release calendar: closed"),),
    made_at=1.0,
    expires_at=61.0,
)
UNCOVERED = {
    "id",
    "digest",
    "made_at",
    "expires_at",
    "asked",
    "arguments",
    "title",
    "effect",
    "before",
    "after",
}
UNCOVERED |= {"diff", "skips", "not_reverted", "notes"}
WORDS = {"what", "text", "unsure"}  # of requests, posts, choices and waivers: made anew where they are shown
UNSENT = {"subject", "dry_run"}  # of a request: how it is tried and told before it is sent
# a plan as the programs before left it in a store, and its digests: of the first without the words, of the next with them
BEFORE = (
    '{"id":"1","action":"workload.restart","title":"workload: '
    'restart","subject":[["production","eu-1"],"Deployment","shop","web","uid-web"],"effect":"web restart'
    's","requests":[{"method":"PATCH","path":"/apis/apps/v1/namespaces/shop/deployments/web","body":"[]",'
    '"content_type":"application/json","query":[],"what":"","subject":null,"dry_run":true,"argv":[],"afte'
    'r":null,"unless":null}],"facts":[{"pointer":"/spec/template","value":"{}"}],"before":"","after":"","'
    'diff":[],"skips":[],"not_reverted":[],"notes":[],"choices":[],"posts":[{"id":"rolled-out","text":"ev'
    'ery pod","within":30.0}],"risk":1,"freeze":"exempt","promotes":false,"typed":"web","arguments":[],"p'
    'olicy":"p","digest":"DIGEST","made_at":0.0,"expires_at":0.0}'
)
EARLIER = [
    (digest, BEFORE.replace("DIGEST", digest))
    for digest in (
        "45d20a8530cdf273e82f5170d3fa779598cb48dbb8bb25d29deb05f4e6c8ae65",
        "089acd075a1aee5da133108950c11e0322b0645e920f948925a0f6f5a4f8e922",
    )
]


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
        if f not in WORDS and (f not in UNSENT or not isinstance(value, Request))
        for o in others(getattr(value, f))
    ]


@pytest.mark.parametrize("name", Plan.__struct_fields__)
def test_whatever_is_sent_is_covered_and_no_word_is(name: str) -> None:
    if name == "asked":
        changed = [msgspec.structs.replace(PLAN, asked=AT)]
    else:
        changed = [msgspec.structs.replace(PLAN, **{name: o}) for o in others(getattr(PLAN, name))]
    assert changed
    same = [digest_of(p) == digest_of(PLAN) for p in changed]
    assert all(same) if name in UNCOVERED else not any(same)


def texts(value: Any) -> list[str]:
    """The words in what travels."""
    if isinstance(value, tuple):
        return [t for one in value for t in texts(one)]
    if not isinstance(value, msgspec.Struct):
        return []
    found = [getattr(value, f) for f in value.__struct_fields__ if f in WORDS]
    return [*found, *(t for f in value.__struct_fields__ for t in texts(getattr(value, f)))]


def test_what_travels_has_the_digest_and_no_words() -> None:
    bare = carried(PLAN)
    assert digest_of(bare) == digest_of(PLAN)
    assert texts(PLAN) and not any(texts(bare))
    for name in UNCOVERED - {"id", "digest", "made_at", "expires_at", "asked", "arguments"}:
        assert getattr(PLAN, name) and not getattr(bare, name), name


def asked(plan: Plan, digest: str) -> ApprovalRequest:
    text = msgspec.json.encode(msgspec.structs.replace(plan, digest=digest)).decode()
    return ApprovalRequest(
        id="a1", digest=digest, requester="ann", requested_at=0.0, expires_at=900.0, reason="x", plan=text
    )


def test_words_that_somebody_put_into_it_are_not_read() -> None:
    forged = msgspec.structs.replace(PLAN, effect="nothing happens", diff=(), notes=("harmless",))
    read = plan_of(asked(forged, digest_of(PLAN)))
    assert read == carried(msgspec.structs.replace(PLAN, digest=digest_of(PLAN)))


@pytest.mark.parametrize(
    "changed", [{"requests": ()}, {"posts": ()}, {"facts": ()}, {"waives": ()}, {"typed": "x"}], ids=str
)
def test_what_was_changed_on_its_way_is_refused(changed: dict[str, Any]) -> None:
    forged = msgspec.structs.replace(PLAN, **changed)
    with pytest.raises(ApprovalRefused, match="not the one that its digest names"):
        plan_of(asked(forged, digest_of(PLAN)))


def test_an_approver_is_shown_the_words_of_the_terminal_at_hand() -> None:
    proven = plan_of(asked(PLAN, digest_of(PLAN)))
    here = msgspec.structs.replace(
        PLAN, effect="web goes back from 3 replicas", before="web:3", risk=Risk.KEY, policy="q", waives=()
    )
    shown = derived(proven, here)
    assert (shown.effect, shown.before, shown.notes) == (here.effect, here.before, here.notes)
    assert (shown.risk, shown.policy, shown.digest) == (PLAN.risk, PLAN.policy, digest_of(PLAN))
    assert [w.id for w in shown.waives] == ["calendar"] and "nothing on this terminal" in shown.waives[0].text


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("requests", ()),
        ("facts", (Fact(pointer="/spec/template", value="1"),)),
        ("posts", ()),
        ("typed", "x"),
        ("subject", AT._replace(uid="uid-new")),
        ("freeze", FreezeRule.FROZEN),
    ],
)
def test_a_plan_that_is_another_one_here_is_not_shown_as_it(name: str, other: Any) -> None:
    proven = plan_of(asked(PLAN, digest_of(PLAN)))
    here = msgspec.structs.replace(PLAN, **{name: other})
    with pytest.raises(ApprovalRefused, match=f"another plan .*{'target' if name == 'subject' else name}"):
        derived(proven, here)


def test_what_changed_since_it_was_asked_is_named() -> None:
    now = msgspec.structs.replace(PLAN, before="web:3", facts=(), waives=(), id="2", made_at=9.0)
    assert changed_parts(asked(PLAN, digest_of(PLAN)), now) == "facts, waives"
    assert changed_parts(asked(PLAN, digest_of(PLAN)), PLAN) == ""
    assert changed_parts(asked(PLAN, "of another"), now) == ""  # nothing is told of what is not proven


def test_an_approval_outlives_a_status_that_moved() -> None:
    now = msgspec.structs.replace(PLAN, before="web:3", effect="web goes back (2 of 3 ready)", diff=())
    assert digest_of(now) == digest_of(PLAN)


@pytest.mark.parametrize("request_", EARLIER, ids=("without the words", "with the words"))
def test_what_an_earlier_version_asked_is_read_and_refused_with_what_to_do(request_: tuple[str, str]) -> None:
    digest, plan = request_
    waiting = ApprovalRequest(
        id="a1", digest=digest, requester="ann", requested_at=0.0, expires_at=900.0, reason="x", plan=plan
    )
    with pytest.raises(ApprovalRefused, match=r"earlier version of tfdash .*: ask again"):
        plan_of(waiting)


def test_a_plan_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ApprovalRefused, match="cannot be read here"):
        plan_of(msgspec.structs.replace(asked(PLAN, "x"), plan="[redacted]"))

"""Whatever comes, changes or goes, and whatever time passes: what is followed says what judging afresh would say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.playbook.certificates.kept import (
    DAY,
    READY,
    certificate,
    challenge,
    issuer,
    issuing,
    order,
    request,
)
from tests.unit.playbook.making import NOW, REF, condition, picture
from tfdash.judging.judge import Judge, judge_all
from tfdash.model.cert_manager import IssuerRef
from tfdash.model.kube import Object, Owner
from tfdash.model.picture import Change, Picture

APPROVED = condition("Approved", "True")
PENDING = condition("Ready", "False", "Pending", "waits")
BROKEN = condition("Ready", "False", "Err", "403")
FAILED = condition("Issuing", "False", "Failed", "no")
KINDS = ("Certificate", "CertificateRequest", "Order", "Challenge", "Issuer")


def _certificate(name: str, state: int, age: float, ca: bool, by: str) -> Object:
    over: list[dict[str, Any]] = [
        {},
        {"conditions": (READY, issuing(NOW - 600))},
        {"conditions": (READY, FAILED), "failed": 2, "last_failure": NOW - 600},
        {"conditions": (BROKEN,)},
        {"renews": False, "renewal": None},
    ]
    begins = NOW - age * DAY
    return certificate(
        name=name,
        uid=name,
        secret=f"{name}-tls",
        is_ca=ca,
        issuer=IssuerRef(by),
        not_before=begins,
        not_after=begins + 9 * DAY,
        **({"renewal": begins + 6 * DAY} | over[state]),
    )


NAME = st.sampled_from(("a", "b"))
OBJECTS = st.one_of(
    st.builds(
        _certificate,
        NAME,
        st.integers(0, 4),
        st.sampled_from((0.0, 5.9, 6.0, 8.2, 9.0)),
        st.booleans(),
        st.sampled_from(("le", "ca")),
    ),
    st.builds(
        lambda name, told: request(
            APPROVED, *told, name=f"{name}-4", uid=f"{name}-4", owner=Owner("Certificate", name, name)
        ),
        NAME,
        st.sampled_from(((), (PENDING,))),
    ),
    st.builds(
        lambda name, state: order(
            state,
            name=f"{name}-o",
            uid=f"{name}-o",
            owner=Owner("CertificateRequest", f"{name}-4", f"{name}-4"),
        ),
        NAME,
        st.sampled_from(("pending", "invalid")),
    ),
    st.builds(
        lambda name, why: challenge(
            "pending", why, name=f"{name}-h", owner=Owner("Order", f"{name}-o", f"{name}-o")
        ),
        NAME,
        st.sampled_from(("", "404")),
    ),
    st.builds(lambda told: issuer(conditions=told), st.sampled_from(((BROKEN,), (READY,), ()))),
    st.builds(lambda name: issuer(name="ca", by="ca", secret=f"{name}-tls", conditions=(READY,)), NAME),
)
STEP = st.tuples(st.lists(OBJECTS, max_size=7), st.sampled_from((0.0, 1.0, 300.0, 900.0, 9000.0, DAY)))


def _difference(before: Picture, after: Picture) -> Change:
    keys = {}
    for kind in KINDS:
        old, new = (p.clusters[REF].objects(kind) for p in (before, after))
        keys[REF, kind] = frozenset(k for k in {*old, *new} if old.get(k) != new.get(k))
    return Change(keys=keys, freshness=frozenset(), signals=None, store=None)


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=5))
def test_following_equals_judging_afresh(steps: list[tuple[list[Object], float]]) -> None:
    judge, before, now = Judge(), picture(number=0), NOW
    judge.assess(before, Change(keys={(REF, k): None for k in before.clusters[REF].kinds}, freshness=frozenset(), signals=None, store=None), now)  # fmt: skip
    for number, (objects, passes) in enumerate([s for step in steps for s in (step, (step[0], 700.0))], 1):
        now += passes
        after = picture(*objects, number=number)
        said, _ = judge.assess(after, _difference(before, after), now)
        fresh = judge_all(after, now)
        assert said.verdicts == fresh.verdicts
        assert said.sections == fresh.sections
        before = after

"""Releases that something carries or keeps, on the simulated platform: Argo Rollouts, Flagger with its gates, Argo CD."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.unit.actions.acting import KINDS, REF, Bench, bench
from tfdash.actions.core.policy import ActionPolicy
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import start_process
from tfdash.model.action import Result
from tfdash.model.release import Phase

pytestmark = pytest.mark.platform  # three simulated platforms take a minute: not among the fast tests
NS = "tf-production"


@contextmanager
def playing(scenario: str, speed: float = 10.0) -> Iterator[Bench]:
    policy = ActionPolicy(follow=60.0, server_timeout=5.0, settle_margin=1.0)
    kinds = (*KINDS, "Experiment", "Application", "Kustomization", "HelmRelease")
    with (
        start_process(DemoOptions(seed=7, scenario=scenario, speed=speed)) as demo,
        bench(demo.kubeconfig, "production", policy=policy, kinds=kinds) as at,
    ):
        yield at


def objects(at: Bench, kind: str) -> Any:
    return at.board.picture.clusters[REF].objects(kind)


def test_a_bad_canary_is_aborted_by_the_key_for_rolling_back() -> None:
    with playing("bad-canary") as at:
        subject = at.subject("Rollout", NS, "checkout")
        at.see(subject)
        at.until(lambda: at.actions._standing(subject).release.phase is Phase.PAUSED, "its pause")
        offer = next(o for o in at.actions.offers(subject) if o.key == "b")
        assert (offer.action, offer.refused) == ("workload.rollback", "")
        done = at.do("workload.rollback", subject)
        assert done.plan.title == "rollout: abort"
        assert done.result is Result.APPLIED, done.sentence
        assert all(held for _, held in done.posts), done.sentence
        assert objects(at, "Rollout")[subject.key].abort
        # once more: what is wanted goes back too, to the version before, though none was ever verified
        at.until(lambda: at.actions._standing(subject).release.is_back, "the canary to get nothing")
        again = at.plan("workload.rollback", subject)
        assert again.allowed, again.refused
        assert again.plan.title != "rollout: abort" and "2.13.4" in str(again.plan)


def test_the_reconciliation_that_would_undo_it_is_suspended_as_part_of_the_plan() -> None:
    with playing("gitops") as at:
        at.until(lambda: bool(objects(at, "Application")), "the application")
        subject = at.subject("Deployment", NS, "checkout")
        at.see(subject)
        at.until(lambda: at.actions._standing(subject).managed_by is not None, "its keeper")
        guarded = at.plan("workload.rollback", subject)
        assert "undoes what is changed past it" in " ".join(guarded.plan.notes)
        stop, leave = guarded.plan.choices
        assert not stop.chosen and not leave.chosen
        assert guarded.refused == "choose first whether its reconciliation is stopped or left on"
        both = at.run(at.actions.refresh(guarded.plan, (stop.id, leave.id)))
        assert both.refused == "choose one of the two"
        chosen = at.run(at.actions.refresh(guarded.plan, (stop.id,)))
        assert chosen.allowed, chosen.refused
        assert chosen.plan.digest != guarded.plan.digest
        done, _ = at.act(chosen)
        assert done.result is Result.APPLIED, done.sentence
        at.until(lambda: not next(iter(objects(at, "Application").values())).automated, "the sync to be off")
        at.until(lambda: objects(at, "Deployment")[subject.key].updated > 0, "the rollback")


def test_what_is_left_on_undoes_it_and_is_named() -> None:
    with playing("gitops") as at:
        at.until(lambda: bool(objects(at, "Application")), "the application")
        subject = at.subject("Deployment", NS, "checkout")
        at.see(subject)
        at.until(lambda: at.actions._standing(subject).managed_by is not None, "its keeper")
        guarded = at.plan("workload.rollback", subject)
        left = at.run(at.actions.refresh(guarded.plan, (guarded.plan.choices[1].id,)))
        assert left.allowed, left.refused
        assert any("argocd" in n and "will conflict here" in n for n in left.plan.notes), left.plan.notes
        done, _ = at.act(left)
        assert done.result is Result.APPLIED, done.sentence
        assert "argocd" in done.sentence, done.sentence
        assert not all(held for _, held in done.posts)


def test_flagger_s_gates_are_reached_through_the_service_proxy() -> None:
    with playing("flagger") as at:
        at.until(lambda: bool(objects(at, "Canary")), "the canary")
        key = next(iter(objects(at, "Canary")))
        subject = at.subject("Canary", *key)

        def offered(action: str) -> Callable[[], bool]:
            return lambda: any(o.action == action and not o.refused for o in at.actions.offers(subject))

        at.until(offered("workload.rollback"), "a release in flight", timeout=60)
        guarded = at.plan("workload.rollback", subject)
        assert guarded.allowed, guarded.refused
        assert guarded.plan.requests[0].path.endswith("/proxy/rollback/open")
        assert "create services/proxy" in next(c.text for c in guarded.checks if c.id == "right")
        done, _ = at.act(guarded)
        assert done.result is Result.APPLIED, done.sentence
        assert all(held for _, held in done.posts), done.sentence
        assert objects(at, "Canary")[key].phase == "Failed"

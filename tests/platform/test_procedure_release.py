"""The procedures release, rollback and emergency fix from their starts to their closes on the real control plane: canaries of the real Argo Rollouts
controller, judged by what a real Prometheus scraped, brought out by pipelines that use kubectl, approved by a second person whom the API server
stamps. kubectl, the API server's audit log and the code host's own account are the witnesses: each thing was done once."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.harness.argo import ArgoRollouts
from tests.platform.harness.cluster import Cluster
from tests.platform.releasing import (
    BAD,
    FIX,
    GOOD,
    NS,
    Desk,
    Shop,
    approved,
    desk,
    frozen,
    image,
    judged,
    opened_shop,
    seated,
    shop,
    way_back,
)
from tests.platform.walking import OVER, Walk, changes, exported
from tests.waiting import until
from tfdash.actions.store.subjects import environment_subject
from tfdash.model.action import Result
from tfdash.model.judgement import Advice, Outcome
from tfdash.model.run import RunOutcome, StepStatus
from tfdash.procedures.protocols import Given

pytestmark = [pytest.mark.platform, pytest.mark.timeout(2400)]
_WORDS = ("leases", "selfsubjectaccessreviews", "selfsubjectreviews", "events", "certificatesigningrequests")


@pytest.fixture(scope="module")
def real(cluster: Cluster, argo: ArgoRollouts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(cluster, tmp_path_factory.mktemp("shop")) as found:
        yield found


def lines(real: Shop) -> int:
    return len(real.cluster.audit_log.read_text().splitlines())


def sent(real: Shop, since: int) -> Counter[tuple[str, str, str]]:
    """What tfdash changed, but for who acts, who approves, and what is remembered in the cluster."""
    found = changes(real.cluster, since)
    return Counter({key: n for key, n in found.items() if key[1] not in (*_WORDS, "configmaps")})


def by_kubectl(real: Shop, since: int, name: str) -> int:
    """How often the pipelines' kubectl changed it."""
    found = changes(real.cluster, since, "controlplane") + changes(real.cluster, since, "kubectl")
    return found["patch", "rollouts", name]


def checklist(walk: Walk) -> None:
    """All of it is seen at the code host, of the commit that is not tagged yet."""
    for id in ("reviewed", "tested", "scanned", "migrations", "notes"):
        assert walk.do(id).status is StepStatus.DONE


def begun(real: Shop, walk: Walk, name: str, version: str, reason: str) -> str:
    """A release of what was merged; its commit."""
    sha = real.host.merged(version).sha
    inputs = {"service": (shop(name),), "version": (version,), "commit": (sha,)}
    walk.start("release", inputs, reason)
    checklist(walk)
    walk.do("well")
    return sha


def tagged(walk: Walk) -> None:
    """Once the code host was read since."""

    def read() -> bool:
        return all(probed.passed for probed in walk.prepared("tagged").asks)

    until(read, lambda: walk.prepared("tagged").asks)
    walk.do("tagged")


def brought_out(walk: Walk, *ids: str) -> None:
    """By pipelines that are followed to their ends."""
    for id in ids:
        assert walk.do(id).status is StepStatus.DONE
        assert "ended: success" in walk.step(id).sentence


def written(real: Shop, at: Desk, run: str, name: str) -> str:
    cluster, folder = real.cluster, at.folder
    paths = (
        folder,
        cluster.folder,
        real.database,
        cluster.binaries,
        Path(sys.executable).parent,
        Path(__file__).parent,
    )
    told = exported(at.one, run, name, folder, *paths)
    assert run in told
    return told


def test_a_release_comes_to_everybody_and_is_verified_good(real: Shop, tmp_path: Path) -> None:
    name, since, at = "checkout", lines(real), desk(real, tmp_path, frozen())
    with seated(at.one) as one:
        walk = Walk(one)
        one.see(one.subject("Rollout", NS, name))
        sha, run = begun(real, walk, name, GOOD, "the monthly tax release"), walk.run
        walk.at.run(one.runs.do(run, "window", Given()))
        assert walk.step("window").status is StepStatus.RUNNING
        assert real.host.carried == [] and real.runs(name) == [image(name, "1.0.0")] * 5
    at.thaw()
    with seated(at.one) as one:  # the next person goes on, by what stands in the store
        walk = Walk(one, run)
        one.see(one.subject("Rollout", NS, name))
        walk.ended("window")
        walk.do("announced")
        brought_out(walk, "tag")
        tagged(walk)
        brought_out(walk, "deploy")
        assert real.host.tags[GOOD] == sha
        walk.do("canary")
        assert sorted(real.runs(name)) == [image(name, "1.0.0")] * 4 + [image(name, GOOD)]
        shown = walk.decide("decided", "on", "every trigger passes")
        assert [probed.passed for probed in shown.branches[0]] == [True]
        walk.decide("promoted", "rollout", "it stands at its first pause")
        watched_through(walk)
        assert Counter(real.runs(name)) == {image(name, "1.0.0"): 2, image(name, GOOD): 3}
        approved(at, walk, "production", "three fifths of the requests, and no trigger reached")
        assert walk.do("promote-rollout").status is StepStatus.DONE
        walk.do("complete")
        assert real.runs(name) == [image(name, GOOD)] * 5
        verified(walk)
        assert at.told("smoke") == [name]
        walk.do("good")
        walk.do("told")
        assert walk.close("1.1.0 serves everybody").outcome is RunOutcome.DONE
    assert real.host.carried == [
        ("tag.yml", {"version": GOOD, "commit": sha}),
        ("deploy.yml", {"service": name, "version": GOOD}),
    ]
    assert by_kubectl(real, since, name) == 1
    assert sent(real, since) == {("patch", "rollouts/status", name): 2}
    told = written(real, at, run, "release")
    assert "viewer@corp" in told and "the time has come" in told


def watched_through(walk: Walk) -> None:
    """The canary's steps one by one, each behind its hold, until what is next is for everybody."""

    def gone_on() -> bool:
        if walk.step("onward").status not in OVER:
            walk.carried(walk.ready("onward", "do", "pass"))
        return walk.step("onward").status in OVER

    until(gone_on, lambda: f"onward: {walk.step('onward')}", 180.0)


def verified(walk: Walk) -> None:
    """Side by side: what must hold for a while is begun first."""
    walk.ready("figures", "do")
    walk.at.run(walk.at.runs.do(walk.run, "figures", Given()))
    walk.do("smoke")
    walk.do("transactions")
    walk.sign("customers", note="nobody sees this shop, its pods are simulated: its journey passes")
    walk.ended("figures")


def test_a_bad_version_is_rolled_back_with_its_database_script(real: Shop, tmp_path: Path) -> None:
    name, since, at = "orders", lines(real), desk(real, tmp_path, "")
    real.traffic.failing[f"{name}:{BAD}"] = 0.08
    back = tmp_path / "0042_back.sql"
    back.write_text(way_back(name))
    with seated(at.one) as one:
        release = Walk(one)
        one.see(one.subject("Rollout", NS, name))
        begun(real, release, name, BAD, "discounts")
        release.do("window")
        release.do("announced")
        brought_out(release, "tag")
        tagged(release)
        brought_out(release, "deploy")
        assert "discount" in real.columns(name)
        judged(release, name, lambda one: one.outcome is Outcome.BREACH, "a trigger to be reached")
        release.skip("canary", "a trigger is reached: nothing to wait for")
        shown = release.decide("decided", "back", "eight of a hundred requests of it fail")
        assert [probed.passed for branch in shown.branches for probed in branch] == [False, True]

        walk = Walk(one)
        walk.start("rollback", {"service": (shop(name),)}, "the release's triggers say so")
        shown = walk.decide("trigger", "figures", "errors of the canary")
        assert shown.branches[0][0].passed is True and "Error rate" in shown.branches[0][0].sentence
        walk.sign("evidence", note="the new version fails at eight of a hundred orders, since it came out")
        walk.do("announced")
        walk.decide("way", "here", "no GitOps controller keeps it")
        assert walk.do("revert").status is StepStatus.DONE
        walk.do("serves")
        assert real.runs(name) == [image(name, "1.0.0")] * 5
        run = walk.run
    with seated(at.one) as one:  # the next person goes on, by what stands in the store
        walk = Walk(one, run)
        one.see(one.subject("Rollout", NS, name))
        walk.decide("database", "yes", "1.0.0 is to find the table as it left it")
        walk.sign(
            "scripts",
            note="0042_back.sql takes the column discount out, into which nothing was written yet",
            file=str(back),
        )
        assert "discount" in real.columns(name)
        approved(at, walk, "scripts-reviewed", "one statement, one column")
        assert "discount" in real.columns(name)
        assert walk.do("scripts-run", no_return=True).status is StepStatus.DONE
        assert "discount" not in real.columns(name)
        walk.do("stable")
        walk.do("journeys")
        for id, kind in (("incident", "incident"), ("post-mortem", "post-mortem")):
            assert walk.do(id).status is StepStatus.DONE
            assert f"https://incidents.example.com/{kind}/{name}" in walk.step(id).sentence
        walk.do("told")
        assert walk.close("1.0.0 serves, and the column is out").outcome is RunOutcome.DONE
        release = Walk(one, release.run)
        release.sign("given-up", note=f"rolled back by {run}")
        assert release.close("not this month").outcome is RunOutcome.DONE
    assert at.told("opened") == [f"incident {name} {run}", f"post-mortem {name} {run}"]
    mine = [one for one in real.host.carried if one[1].get("service") == name]
    assert mine == [
        ("deploy.yml", {"service": name, "version": BAD}),
        ("database-rollback.yml", {"service": name}),
    ]
    assert by_kubectl(real, since, name) == 1
    assert sent(real, since) == {("patch", "rollouts/status", name): 1}
    told = written(real, at, run, "rollback")
    assert hashlib.sha256(back.read_bytes()).hexdigest() in told and "viewer@corp" in told


def test_an_emergency_fix_goes_out_beside_the_calendar(real: Shop, tmp_path: Path) -> None:
    name, since, at = "search", lines(real), desk(real, tmp_path, frozen())
    commit = real.host.merged(FIX)
    with seated(at.one) as one:
        walk = Walk(one)
        subject = one.subject("Rollout", NS, name)
        one.see(subject)
        walk.start("emergency-fix", {"service": (shop(name),), "version": (FIX,)}, "the shop loses orders")
        run = walk.run
        walk.sign(
            "why",
            note="one of twenty searches fails, of the only version that there is: nothing to go back to",
            link="https://incidents.example.com/incident/search/7",
        )
        walk.sign("looked-at", note="the code host shows that bob approved it")
        walk.sign(
            "tested", note="the code host shows unit, integration and scan as passed; there is no other"
        )
        walk.sign("migrations", note="none")
        approved(at, walk, "approved", "it may not wait until tomorrow")
        walk.do("announced")
        shown = walk.decide("open", "glass", "the sale of the year")
        assert [probed.passed for probed in shown.branches[0]] == [False]
        assert walk.do("break-glass", reason="the shop loses orders").status is StepStatus.DONE
        brought_out(walk, "deploy")
        judged(walk, name, lambda one: one.advice is Advice.PROMOTE, "a promotion to be advised")
        shown = walk.decide("watched", "mends", "one of a thousand fails")
        assert [probed.passed for probed in shown.branches[0]] == [True, True]
        done = one.do("rollout.promote", subject)
        assert done.result is Result.APPLIED, done.sentence
        one.run(one.runs.note(run, "complete", "let on by the key of the release: rollout.promote"))
        walk.do("complete")
        assert real.runs(name) == [image(name, FIX)] * 5
        walk.do("smoke")
        walk.do("transactions")
        walk.do("good")
    with seated(at.one) as one:  # the next person goes on, by what stands in the store
        walk = Walk(one, run)
        one.see(one.subject("Rollout", NS, name))
        for id, link in (
            ("reviewed", f"pull/{commit.pull}"),
            ("all-tests", f"commit/{commit.sha}/checks"),
            ("merged", f"commit/{commit.sha}"),
            ("notes", f"releases/tag/{FIX}"),
        ):
            walk.sign(id, link=f"https://github.com/acme/shop/{link}")
        for id in ("incident", "post-mortem"):
            assert walk.do(id).status is StepStatus.DONE
        walk.do("told")
        assert walk.close("1.0.1 serves everybody").outcome is RunOutcome.DONE
    with seated(at.two) as second:
        Walk(second, run, user="viewer@corp")
        second.until(lambda: "production" in second.board.picture.store_state.break_glass, "the glass")
        done = second.do("environment.review-break-glass", environment_subject("production"))
        assert done.result is Result.APPLIED, done.sentence
    assert at.told("opened") == [f"incident {name} {run}", f"post-mortem {name} {run}"]
    mine = [one for one in real.host.carried if one[1].get("service") == name]
    assert mine == [("deploy.yml", {"service": name, "version": FIX})]
    assert by_kubectl(real, since, name) == 1
    assert sent(real, since) == {("patch", "rollouts/status", name): 1}
    assert "break" in written(real, at, run, "emergency-fix")

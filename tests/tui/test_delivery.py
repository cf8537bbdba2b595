"""Lists of custom resources and the page of changes."""

from __future__ import annotations

import pytest

from tests.tui import world
from tests.tui.recorded import REF, Recorded
from tests.tui.running import running
from tfdash.model.delivery import AnalysisMetric, AnalysisRun, MetricMeasurement, Rollout, RolloutStep
from tfdash.model.kube import Owner
from tfdash.model.requests import Managed
from tfdash.model.subject import Subject

SPACE = "tf-production"


def rollouts() -> Recorded:
    source = Recorded(
        {
            **world.objects(),
            "Rollout": [
                Rollout(
                    namespace=SPACE,
                    name="web",
                    uid="u-web",
                    created=world.NOW - 9000,
                    desired=5,
                    ready=5,
                    updated=1,
                    available=5,
                    strategy="canary",
                    phase="Paused",
                    message="CanaryPauseStep",
                    current_hash="b",
                    stable_hash="a",
                    step_index=1,
                    steps=(RolloutStep(kind="setWeight", weight=20.0), RolloutStep(kind="pause")),
                ),
            ],
            "AnalysisRun": [
                AnalysisRun(
                    namespace=SPACE,
                    name="web-b-2",
                    uid="u-run",
                    created=world.NOW - 60,
                    phase="Failed",
                    message="error-rate failed",
                    owner=Owner("Rollout", "web", "u-web"),
                    started=world.NOW - 50,
                    metrics=(
                        AnalysisMetric(
                            name="error-rate",
                            phase="Failed",
                            failed=1,
                            measurements=(MetricMeasurement("Failed", "[0.31]"),),
                        ),
                    ),
                ),
            ],
        }
    )
    return source


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("ro", ("1 rollout", "Paused", "1/2", "canary")),
        ("ar", ("web-b-2", "Failed", "1 failed", "[0.31]")),
        ("canaries", ("No canaries in eu-1: not installed.",)),
        ("ks", ("No kustomizations in eu-1: not installed.",)),
    ],
)
async def test_lists(typed: str, texts: tuple[str, ...]) -> None:
    async with running(rollouts(), (200, 40)) as run:
        await run.press("colon", *typed, "enter")
        for text in texts:
            await run.shows(text)


async def test_changes_are_read_and_told_with_their_manager() -> None:
    source = Recorded()
    checkout = Subject(REF, "Deployment", SPACE, "checkout", "u")
    writes = (
        ("kubectl-edit", "Update", "", world.NOW - 300, ("spec.template.spec.containers[main].image",)),
    )
    source.managed = [Managed(subject=checkout, writes=writes)]
    async with running(source, (160, 40)) as run:
        await run.press("colon", *"changes", "enter")
        await run.shows("Deployment tf-production/checkout")
        await run.shows("kubectl-edit")


async def test_nothing_changed_is_said_and_is_not_loading() -> None:
    async with running(Recorded()) as run:
        await run.press("colon", *"changes", "enter")
        await run.shows("Nobody is known to have changed anything in the last 6 hours.")

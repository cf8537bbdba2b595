"""The scenarios of the bands: what they set up is there, and what cannot be meant is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.demo.worlds import Stage
from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.scenarios.scenario import ScenarioError, load
from tfdash.demo.traffic.usage import pod_usage

PRODUCTION = "tf-production"


def used(stage: Stage, app: str, container: str) -> tuple[float, float]:
    """(cores of all pods, bytes of one) now."""
    found = [pod_usage(stage.cluster, pod, stage.time)[container] for pod in stage.pods(app, PRODUCTION)]
    return sum(cpu for cpu, _ in found), max(memory for _, memory in found)


def blind(stage: Stage, name: str, namespace: str = PRODUCTION) -> Obj:
    hpa = stage.get("horizontalpodautoscalers.autoscaling", name, namespace)
    return next(c for c in hpa["status"]["conditions"] if c["type"] == "ScalingActive")


def test_over_band_uses_more_than_was_asked_for_at_any_hour() -> None:
    stage = Stage(load("over-band"))
    for _ in range(4):
        assert used(stage, "api-core", "api-core")[0] > 8 * 0.5
        assert 0.60 * 3 * 0.2 < used(stage, "documents", "documents")[0] < 3 * 0.2
        assert used(stage, "notifications", "notifications")[1] > 0.85 * 192 * 2**20
        stage.run(900)


def test_hpa_blind_has_two_that_see_nothing_and_one_that_rests() -> None:
    stage = Stage(load("hpa-blind"))
    previews = blind(stage, "previews", "tf-data")
    assert previews["reason"] == "FailedGetResourceMetric"
    assert "missing request for cpu in container previews of Pod previews-" in previews["message"]
    assert blind(stage, "notifications")["reason"] == "FailedGetExternalMetric"
    assert blind(stage, "admin-web")["reason"] == "ScalingDisabled"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[[usage]]\nservice = "nobody"',
            "usage of service 'nobody', which is not there; one of admin-web, ",
        ),
        ('[[usage]]\nservice = "web"\nmemory = "much"', "usage of web: memory: "),
        ('[quotas.nowhere]\npods = "1"', "quotas of 'nowhere', which is no namespace; one of batch, "),
    ],
)
def test_what_cannot_be_meant_is_said(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text + "\n")
    with pytest.raises(ScenarioError, match=told):
        load(str(path))

"""What nothing can use is not measured, by whatever source it came: below nothing it would take the use of others away."""

from __future__ import annotations

import msgspec
import pytest

from tfdash.model.kube import Pod
from tfdash.model.subject import Key
from tfdash.model.usage import PodMetrics
from tfdash.sources.kubernetes.codec import Codec
from tfdash.sources.prometheus.answer import Row
from tfdash.sources.prometheus.usage.piece import points_of
from tfdash.sources.prometheus.usage.present import _moments, _take, _Used

NOW = 1_800_000_000.0
NONSENSE = ("-1", "-0.5", "1e20", "NaN", "+Inf", "-Inf")


@pytest.mark.parametrize("cpu", ["-1", "-250m", "1e300", "1e999", "NaN"])
@pytest.mark.parametrize("others", [0, 1])
def test_a_quantity_of_metrics_k8s_io(cpu: str, others: int) -> None:
    used = [{"name": f"c{n}", "usage": {"cpu": "1", "memory": "1Mi"}} for n in range(others)]
    one = {
        "metadata": {"name": "web", "namespace": "a"},
        "timestamp": "2026-11-24T16:00:00Z",
        "window": "15s",
        "containers": [*used, {"name": "main", "usage": {"cpu": cpu, "memory": "1Mi"}}],
    }
    _, found = Codec("PodMetrics").page(
        msgspec.json.encode({"kind": "PodMetricsList", "metadata": {}, "items": [one]})
    )
    assert not [o for o in found if isinstance(o, PodMetrics)]


@pytest.mark.parametrize("text", NONSENSE)
@pytest.mark.parametrize("role", ["cpu", "memory"])
def test_a_sample_of_now(role: str, text: str) -> None:
    """Of one container of two: of the pod nothing is known."""
    used: _Used = {}
    rows = {
        which: [
            Row(
                msgspec.Raw(msgspec.json.encode({"container": name})),
                [(NOW, text if (name, which) == ("side", role) else "1")],
            )
            for name in ("main", "side")
        ]
        for which in ("cpu", "memory")
    }
    key = Key("a", "web")
    pods = {key: Pod(namespace="a", name="web", created=NOW - 3600)}
    _take(rows, [NOW], lambda labels: key, "container", used, {})
    (then,) = _moments([NOW], pods, used, {}, {})
    assert then.pods == {} or (role, text) == ("memory", "NaN")  # a container that is there no more


@pytest.mark.parametrize("text", NONSENSE)
def test_a_sample_of_history(text: str) -> None:
    assert points_of(Row(msgspec.Raw(b"{}"), [(NOW, text), (NOW + 1, "2")])) == [(NOW + 1, 2.0)]

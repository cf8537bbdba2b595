"""A password in what a program says of itself, or in an address that it was given, goes no further than the decoder."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tfdash.model.kinds import KINDS
from tfdash.sources.kubernetes.codec import Codec

SECRET = "hunter2hunter2hunter2"
SAID = f"https://deploy:{SECRET}@registry.example failed: Authorization: Bearer {SECRET}"
ENDED = {"exitCode": 1, "reason": "Error", "message": SAID}
STATE = {
    "conditions": [{"type": t, "status": "False", "reason": "Bad", "message": SAID} for t in ("Ready", "Failed")],
    "message": SAID,
    "containerStatuses": [
        {"name": "main", "state": {"waiting": {"message": SAID}}, "lastState": {"terminated": ENDED}},
        {"name": "side", "state": {"terminated": ENDED}},
    ],
    "canary": {"currentStepAnalysisRunStatus": {"name": "run", "status": "Failed", "message": SAID}},
    "metricResults": [{"name": "m", "phase": "Error", "message": SAID, "measurements": [{"message": SAID}]}],
    "analysisRuns": [{"name": "r", "analysisRun": "a", "phase": "Error", "message": SAID}],
}  # fmt: skip
SPEC = {
    "source": {"repoURL": SAID},
    "destination": {"server": SAID},
    "acme": {"server": SAID},
    "analysis": {"webhooks": [{"name": "load", "type": "rollout", "url": SAID}]},
}


@pytest.mark.parametrize("kind", sorted(k for k, spec in KINDS.items() if spec.decoder))
def test_no_decoder_lets_a_password_out(kind: str) -> None:
    meta = {"namespace": "shop", "name": "one", "uid": "u", "creationTimestamp": "2026-11-24T10:00:00Z"}
    told: dict[str, Any] = {"metadata": meta, "status": STATE, "spec": SPEC, "message": SAID, "note": SAID}
    _, found = Codec(kind).page(json.dumps({"metadata": {"resourceVersion": "1"}, "items": [told]}).encode())
    assert found and SECRET not in repr(found)


def test_the_words_around_it_stay() -> None:
    _, [job] = Codec("Job").page(
        json.dumps({"metadata": {}, "items": [{"metadata": {"name": "one"}, "status": STATE}]}).encode()
    )
    assert "https://deploy:[redacted]@registry.example failed" in repr(job)

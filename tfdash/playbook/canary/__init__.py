"""The playbook's rollback triggers: error rate, latency, critical journeys, a person's decision.

Pure functions over ``tfdash.model``; no I/O, the clock is passed in. ``judge_release`` is what others call.
"""

from tfdash.playbook.canary.judging import freeze_baseline, judge_release
from tfdash.playbook.canary.policy import (
    CanaryPolicy,
    default_canary_policy,
    policy_digest,
)
from tfdash.playbook.canary.window_cache import WindowCache

__all__ = [
    "CanaryPolicy",
    "WindowCache",
    "default_canary_policy",
    "freeze_baseline",
    "judge_release",
    "policy_digest",
]

"""[actions] with everything else that decides what may be done; nothing here could do it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfdash.actions.core.policy import ActionPolicy
    from tfdash.config.settings import Settings
    from tfdash.sources.kubernetes.source import KubernetesSource


def policy_of(settings: Settings, sources: Sequence[KubernetesSource]) -> ActionPolicy:
    """[actions] with everything else that decides what is allowed."""
    from tfdash.actions.core.policy import ActionPolicy
    from tfdash.cli.compose import policies_of
    from tfdash.playbook.canary import policy_digest

    judged = policies_of(settings)
    return ActionPolicy(
        **vars(settings.actions),
        kubectl=kubectl_of(sources),
        pairs=judged.pairs,
        calendar=judged.calendar,
        judged_by=policy_digest(judged.canary),
        hours=judged.hours,
    )


def kubectl_of(sources: Sequence[KubernetesSource]) -> dict[Any, tuple[str, ...]]:
    """kubectl with the very access of each cluster; nothing where it is not installed."""
    program = shutil.which("kubectl")
    if program is None:
        return {}
    found = {}
    for source in sources:
        access = source.access
        command = [program]
        if access.kubeconfig:
            command += ["--kubeconfig", access.kubeconfig]
        if access.context:
            command += ["--context", access.context]
        if access.impersonate:
            command += ["--as", access.impersonate]
        found[source.ref] = (*command, *(f"--as-group={g}" for g in access.impersonate_groups))
    return found

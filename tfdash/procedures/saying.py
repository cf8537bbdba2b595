"""What a person says of a run must hold before it is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tfdash.model.procedure import Procedure
from tfdash.model.run import RunState
from tfdash.playbook.procedures.newer import newer, other_file
from tfdash.playbook.procedures.progress import impact_clock
from tfdash.procedures.beginning import alone_on
from tfdash.procedures.kind import Means
from tfdash.procedures.protocols import RunRefused
from tfdash.procedures.steps.manual import LONGEST

_SHORTEST = 3
"""Characters of a reason."""


def reasoned(reason: str, what: str) -> None:
    """Raises ``RunRefused``."""
    if len(reason.strip()) < _SHORTEST:
        raise RunRefused(f"say {what}: it stands in the audit log")
    if len(reason) > LONGEST:
        raise RunRefused(f"the reason is longer than {LONGEST:,} characters")


def earlier(run: RunState, at: object, now: float) -> None:
    """An impact is moved earlier, to a time that was (epoch seconds). Raises ``RunRefused``."""
    if not isinstance(at, int | float) or at > now:
        raise RunRefused("the impact began at a time that was", remedy="give it as epoch seconds")
    known = impact_clock(run)
    if known is not None and known.start is not None and at > known.start:
        raise RunRefused(
            f"it is known to have begun before, by {known.by}", remedy="it is moved earlier only"
        )


def by_other_text(
    means: Means, run: RunState, known: Iterable[Procedure], reason: str, shown: object
) -> dict[str, Any]:
    """What the event holds by which ``run`` goes on by its file as it is now. ``shown``: the digest that a person saw the difference to, None where
    nobody did. Raises ``RunRefused``: also where the newer text holds besides what another run holds."""
    file = other_file(run, known)
    if file is None:
        raise RunRefused("its file is the one that it was started with")
    if shown not in (None, file.digest):
        raise RunRefused("the file changed again since it was shown: look at the difference anew")
    found = newer(run, file)
    if found.goes is None or found.why:
        raise RunRefused(found.why)
    if not run.dry and not file.urgent:
        more = tuple(one for one in found.goes.holds if one not in run.targets)
        alone_on(means, file, more, run.cluster, run=run.id)
    reasoned(reason, "why it goes on by another text")
    return {"text": file.text, "digest": file.digest}

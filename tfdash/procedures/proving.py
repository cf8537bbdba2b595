"""When the impact of a recovery began, recorded in its run: the earliest proof once it is started, and an earlier one as long as it is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfdash.model.run import RunEventKind, RunState
from tfdash.model.subject import Subject
from tfdash.moments import near
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.impact import Impact, ImpactCase, impact_of
from tfdash.playbook.procedures.inputs import lost_clusters
from tfdash.playbook.procedures.progress import impact_clock
from tfdash.playbook.procedures.subject_text import subject_in
from tfdash.procedures.kind import Means
from tfdash.procedures.looking import open_run

_EARLIER = 1.0  # seconds; less is the same proof once more


def wants_proof(run: RunState) -> bool:
    """A recovery in earnest that is under way, and of which nobody has seen the end of the impact."""
    clock = impact_clock(run)
    return open_run(run) and not run.dry and not run.unreadable and clock is not None and clock.end is None


async def prove_impact(means: Means, run: RunState, *, first: bool = False) -> bool:
    """Record what proves that it began earlier than is known; whether there was something. ``first``: when nothing does, that is recorded,
    too, with the reasons. Raises ``LedgerUnavailable``."""
    known, found = impact_clock(run), _found(means, run)
    proof = found.proof
    if proof is None or proof.at is None:
        if first:
            await _record(means, run, f"nothing tells when the impact began: {_unknown(found)}", {})
        return False
    if known is not None and known.start is not None and known.start - proof.at < _EARLIER:
        return False
    least = "at least " if proof.at_least else ""
    more = f"; not known: {_unknown(found)}" if first and found.unknown else ""
    sentence = f"impact {least}since {near(proof.at, means.clock.now(), means.zone)} by {found.by}: {proof.sentence}{more}"
    data = {"at": proof.at, "at_least": proof.at_least, "by": found.by, "source": proof.sentence}
    await _record(means, run, sentence, {**data, "proof": found.source})
    return True


def _found(means: Means, run: RunState) -> Impact:
    case = ImpactCase(
        procedure=run.procedure.id,
        targets=tuple(_hurt(run)),
        picture=means.board.picture,
        assessment=means.board.assessment,
        policies=means.policies() or Policies(),
        before=run.started_at,
    )
    return impact_of(case)


def _hurt(run: RunState) -> Iterator[Subject]:
    """What it holds; where a cluster is lost, that one of them: what takes over stood by until now, and served nobody."""
    lost = lost_clusters(run.procedure, run.inputs)
    for text in run.targets:
        one = subject_in(text, run.cluster)
        if one is not None and (not lost or one.kind != "Cluster" or one.name in lost):
            yield one


def _unknown(found: Impact) -> str:
    return "; ".join(f"{name}: {why}" for name, why in found.unknown.items())


async def _record(means: Means, run: RunState, sentence: str, data: dict[str, Any]) -> None:
    await means.journals.record(
        run.id,
        RunEventKind.IMPACT,
        by=means.who(run.cluster),
        sentence=sentence,
        data={"proof": "", **data},
        environment=run.cluster.environment,
        procedure=run.procedure.id,
    )

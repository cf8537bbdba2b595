"""The clocks of a run: for how long something was broken, and where that time went. Seconds throughout.

Segments follow one another: detect (until somebody or something saw it), acknowledge (until a person took it), mitigate (until the first
act of the run took effect), restore (until what verifies it passed). Behind the last check, wait, gate or act of a procedure stands
work that no user waits for: signatures, messages, what is learned of it, and the check that it was written down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfdash.model.procedure import OnFailure, Procedure, Step, StepKind
from tfdash.model.run import RunClock, RunState, StepState, StepStatus
from tfdash.playbook.procedures.probes import PROBES
from tfdash.playbook.procedures.walk import ACTS, is_act
from tfdash.playbook.procedures.walk import leaves as all_leaves

_RESTORES = ACTS | {StepKind.CHECK, StepKind.GATE, StepKind.WAIT}
_PASSED = frozenset({StepStatus.DONE, StepStatus.ALREADY})
_AWAY = frozenset({StepStatus.SKIPPED, StepStatus.NOT_CHOSEN, StepStatus.LEFT})


def clocks(
    state: RunState, *, impacts: Sequence[tuple[float, bool, str, str]], acknowledged: float | None
) -> tuple[RunClock, ...]:
    """Of a recovery; () of any other run. ``impacts``: proofs of when it began (time, whether it may have begun before, who or
    what tells it, by what): the earliest counts. Without one it is our first sight, the start of the run, "at least"."""
    procedure, leaves = state.procedure, tuple(all_leaves(state.procedure.steps))
    if not procedure.recovery:
        return ()
    states = {one.id: one for one in state.steps}
    started = state.started_at
    ours = (started, True, "the start of this run", "")
    earliest = min(impacts, default=ours)
    first, at_least, by, source = earliest if earliest[0] <= started else ours
    taken = min(started, acknowledged) if acknowledged is not None else started
    taken = max(first, taken)
    mitigated, restored = _mitigated(leaves, states), _restored(leaves, states)
    if restored is not None and (mitigated is None or mitigated > restored):
        mitigated = restored
    over = state.ended_at
    detected = min(started, taken)
    found = [
        _clock("impact", "impact", first, restored, over, procedure.rto, at_least, by, source),
        _clock("detect", "until it was seen", first, detected, over, 0.0, at_least, by, source),
        _clock("acknowledge", "until somebody took it", detected, taken, over),
        _clock("mitigate", "until it was eased", taken, mitigated, over),
        _clock("restore", "until it was whole again", mitigated, restored, over),
    ]
    found += _tiers(procedure, leaves, states, over)
    return tuple(found)


def _clock(
    id: str,
    title: str,
    start: float | None,
    end: float | None,
    over: float | None,
    target: float = 0.0,
    at_least: bool = False,
    by: str = "",
    source: str = "",
) -> RunClock:
    """``over``: when the run ended, which stops whatever still runs."""
    if start is not None and end is None:
        end = over
    if start is not None and end is not None:
        end = max(start, end)
    return RunClock(
        id=id, title=title, start=start, end=end, target=target, at_least=at_least, by=by, source=source
    )


def _mitigated(leaves: Sequence[Step], states: Mapping[str, StepState]) -> float | None:
    acts = (s for s in leaves if is_act(s))
    ends = (states[s.id].ended for s in acts if _is(states, s, _PASSED))
    return min((end for end in ends if end is not None), default=None)


def _restored(leaves: Sequence[Step], states: Mapping[str, StepState]) -> float | None:
    """When the last of what restores passed; None while one of them is left, and where none of them passed at all."""
    last = max((place for place, step in enumerate(leaves) if _restores(step)), default=-1)
    before = leaves[: last + 1]
    if not all(_is(states, step, _PASSED | _AWAY) for step in before if _restores(step)):
        return None
    if any(_is(states, step, frozenset({StepStatus.LEFT})) for step in before):
        return None
    ends = (states[s.id].ended for s in before if _restores(s) and _is(states, s, _PASSED))
    return max((end for end in ends if end is not None), default=None)


def _restores(step: Step) -> bool:
    """Whether whoever is served waits for it."""
    known = [PROBES[ask.probe] for ask in step.asks if ask.probe in PROBES]
    return step.kind in _RESTORES and not (known and all(probe.written for probe in known))


def _is(states: Mapping[str, StepState], step: Step, what: frozenset[StepStatus]) -> bool:
    state = states.get(step.id)
    return state is not None and state.status in what


def _tiers(
    procedure: Procedure, leaves: Sequence[Step], states: Mapping[str, StepState], over: float | None
) -> Iterator[RunClock]:
    of: dict[int, list[Step]] = {}
    passing = {  # what is behind a step that may fail does not wait for it
        step.id
        for step in leaves
        if step.on_failure is OnFailure.CONTINUE and _is(states, step, frozenset({StepStatus.FAILED}))
    }
    for step, tier in _tiered(procedure.steps, 0):
        of.setdefault(tier, []).append(step)
    for tier, steps in sorted(of.items()):
        told = [states[step.id] for step in steps if step.id in states]
        begins = [one.began or one.ended for one in told if one.status not in _AWAY]
        start = min((at for at in begins if at is not None), default=None)
        done = all(one.status in _PASSED | _AWAY for one in told if one.id not in passing)
        ends = [one.ended for one in told if one.ended is not None and one.status not in _AWAY]
        end = max(ends, default=None) if done else None
        yield _clock(f"tier {tier}", f"tier {tier}", start, end, over, _target(procedure.steps, tier))


def _tiered(steps: Sequence[Step], tier: int) -> Iterator[tuple[Step, int]]:
    """Leaves with the tier that they, or a group around them, say."""
    for step in steps:
        own = step.tier or tier
        if step.kind is StepKind.GROUP:
            yield from _tiered(step.steps, own)
        elif own:
            yield step, own


def _target(steps: Sequence[Step], tier: int) -> float:
    """What a tier may take: of steps one after the other the sum, of a parallel group its own or the longest in it."""
    return sum(_share(step) for step in _of_tier(steps, tier))


def _of_tier(steps: Sequence[Step], tier: int) -> Iterator[Step]:
    for step in steps:
        if step.tier == tier:
            yield step
        elif step.kind is StepKind.GROUP and not step.tier:
            yield from _of_tier(step.steps, tier)


def _share(step: Step) -> float:
    if step.target or step.kind is not StepKind.GROUP:
        return step.target
    inside = [_share(one) for one in step.steps]
    return max(inside, default=0.0) if step.parallel else sum(inside)

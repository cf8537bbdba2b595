"""What the playbook says of an action: calendar, canary verdict, lock, second person. Pure; the guard asks it twice."""

from __future__ import annotations

from typing import NamedTuple

from tfdash.actions.core.eligibility import bare
from tfdash.actions.core.policy import ActionPolicy
from tfdash.model.action import Check, FreezeRule, Risk, Waiver
from tfdash.model.calendar import CalendarState
from tfdash.model.judgement import CanaryJudgement, Outcome
from tfdash.model.release import ReleaseState
from tfdash.model.store_state import BreakGlass, StoreState
from tfdash.model.subject import Subject
from tfdash.playbook.procedures.holding import goes_first, holders, said
from tfdash.playbook.procedures.turns import RunTurn, state_kept, turn
from tfdash.playbook.procedures.within import family
from tfdash.playbook.schedule import CalendarPolicy, continuation
from tfdash.text import safe


class GateInput(NamedTuple):
    """All that is asked of the rules. ``user`` "" where it is not known; ``terminal`` is our own."""

    action: str
    subject: Subject
    freeze: FreezeRule
    risk: Risk
    promotes: bool
    release: ReleaseState | None
    judgement: CanaryJudgement | None
    calendar: CalendarState | None
    facts: StoreState
    user: str
    terminal: str
    now: float
    window: CalendarPolicy | None = None  # the release calendar with what its feeds close
    not_yet: str = ""  # what a sequence of steps says against it, and what opens it
    run: str = ""  # of a procedure, as a step of which it is done


def own_break_glass(case: GateInput) -> BreakGlass | None:
    """Break-glass of this environment that holds for us: our own, and not over."""
    found = case.facts.break_glass.get(case.subject.cluster.environment)
    if found is None or not found.since <= case.now < found.until:
        return None
    mine = found.by == case.user and (not found.terminal or found.terminal == case.terminal)
    return found if mine else None


def calendar(case: GateInput, policy: ActionPolicy) -> Check:
    """What the calendar says, with the playbook's way past it: an emergency fix with approver and reason."""
    told = _calendar(case, policy)
    if told.passed is False and case.risk is Risk.SECOND_PERSON and emergency(case, policy):
        text = f"{told.text}; as an emergency fix it needs a second person's approval and a reason"
        return Check(id="policy", text=text, passed=None, opens_at=told.opens_at)
    return told


def emergency(case: GateInput, policy: ActionPolicy) -> bool:
    """Whether a second person may open a closed calendar for one plan ("Emergency fixes: as needed with approval"): only
    where a server stamps who approves, and never over clocks that differ or a calendar that is not known."""
    state, health = case.calendar, case.facts.health
    if not policy.emergency or state is None or state.problem:
        return False
    stamped = health.stamps == "kubernetes" or (health.shared_configured and not health.shared)
    return stamped and _calendar(case, policy).passed is False


def waived(case: GateInput, policy: ActionPolicy) -> tuple[Waiver, ...]:
    """The rules that it would go past: by break-glass, by a second person's word, by a further confirmation."""
    found = []
    glass, told = own_break_glass(case), _closed(case, policy)
    if told.passed is False and (
        glass is not None or (case.risk is Risk.SECOND_PERSON and emergency(case, policy))
    ):
        by = f" (break-glass: {glass.reason})" if glass is not None else ""
        found.append(Waiver(id="calendar", text=safe(f"the release calendar{by}: {told.text}")))
    if case.risk is Risk.SECOND_PERSON and glass is not None:
        found.append(
            Waiver(id="second-person", text=safe(f"the second person (break-glass: {glass.reason})"))
        )
    judged = verdict(case)
    if judged is not None and judged.passed is None:
        found.append(Waiver(id="verdict", text=f"a PASS of the triggers: {judged.text}"))
    return tuple(found)


def _calendar(case: GateInput, policy: ActionPolicy) -> Check:
    """What the calendar says, unless break-glass waives it."""
    glass = own_break_glass(case)
    if glass is not None and case.freeze is not FreezeRule.EXEMPT:
        return Check(
            id="policy", text=f"the calendar is waived by break-glass: {safe(glass.reason)}", passed=True
        )
    return _closed(case, policy)


def _closed(case: GateInput, policy: ActionPolicy) -> Check:
    """FROZEN actions need an open calendar, or a release that began inside its window and may still finish."""
    if case.freeze is FreezeRule.EXEMPT:
        return Check(id="policy", text="never frozen by the calendar", passed=True)
    state = case.calendar
    if state is None:
        return Check(
            id="policy", text="the release calendar is not known yet: what it may freeze waits", passed=False
        )
    if state.open and not state.problem:
        return Check(id="policy", text=state.why, passed=True)
    begun = case.release.started if case.release is not None and case.release.in_flight else None
    window = case.window or policy.calendar
    if begun is not None and not state.problem and window is not None:
        going = continuation(window, begun, case.now)
        if going.allowed:
            return Check(id="policy", text=going.text, passed=True)
        return Check(id="policy", text=f"{state.why}; {going.text}", passed=False, opens_at=state.opens_at)
    return Check(id="policy", text=state.why, passed=False, opens_at=state.opens_at)


def verdict(case: GateInput) -> Check | None:
    """A promotion: BREACH refuses it, PASS lets it go, anything else asks once more. None for what promotes nothing."""
    if not case.promotes:
        return None
    judged = case.judgement
    if judged is None:
        return Check(
            id="canary",
            text="nothing judges this release: to promote it needs a further confirmation",
            passed=None,
        )
    told = safe(judged.sentence)
    match judged.outcome:
        case Outcome.BREACH:
            return Check(id="canary", text=f"BREACH: {told}", passed=False)
        case Outcome.PASS:
            return Check(id="canary", text=f"PASS: {told}", passed=True)
    word = "" if told.startswith(str(judged.outcome)) else f"{judged.outcome}: "
    return Check(id="canary", text=f"{word}{told}; needs a further confirmation", passed=None)


def lock(case: GateInput) -> Check:
    """Somebody else acts on it: what is exempt goes on all the same, and says so."""
    others = [
        a for a in case.facts.acting if bare(a.subject) == bare(case.subject) and a.terminal != case.terminal
    ]
    if not others:
        return Check(id="lock", text="nobody else acts on it", passed=True)
    other = min(others, key=lambda a: a.claimed)
    text = f"{safe(other.by)} acts on it too: {safe(other.action)}"
    if other.claimed:  # anybody may write such an object: it holds nobody up
        return Check(id="lock", text=f"claimed, by a Lease that nobody stamps: {text}", passed=None)
    return Check(id="lock", text=text, passed=None if case.freeze is FreezeRule.EXEMPT else False)


def sequence(case: GateInput) -> Check | None:
    """Its turn among steps that build on one another. None where nothing speaks against it."""
    return Check(id="sequence", text=safe(case.not_yet), passed=False) if case.not_yet else None


def held(case: GateInput) -> Check | None:
    """One target, one run: what a recovery holds is frozen for what is no step of it; where another run has it as a step that is still to do, it is
    done there, else it is only told. What is exempt is told so and goes on. None where nobody holds it."""
    release = case.release.subject if case.release is not None else case.subject
    about = case.subject, release
    found = holders(case.facts.runs, *about)
    mine = (
        family(case.facts.runs, case.run) if case.run else ()
    )  # a fix within a recovery is that recovery's own
    own = next((one for one in found if one.run in mine and one.recovery), None)
    others = [one for one in found if one.run not in mine]
    if not others:
        return None
    recoveries = [one for one in others if one.recovery and (own is None or goes_first(one, own))]
    asked = [] if case.run else others  # of two runs that have it as a step neither waits for the other
    turns = [turn(state_kept(case.facts.runs[one.run]), case.action, about, {}) for one in asked]
    steps = [(one, at) for one, at in zip(asked, turns, strict=True) if at.step is not None]
    if case.freeze is FreezeRule.EXEMPT or not (recoveries or steps):
        step = f", of which it is the step “{_title(steps[0][1])}”, {steps[0][1].words}" if steps else ""
        return Check(id="run", text=safe(f"a run is open on it: {said(others)}{step}"), passed=None)
    if recoveries:
        text = f"a recovery holds it: {said(recoveries)}; do it as a step of that run, or give that run up"
    else:
        one, at = steps[0]
        text = f"it is the step “{_title(at)}” of {said([one])}, {at.words}: do it there, or give that run up"
    return Check(id="run", text=safe(text), passed=False)


def _title(at: RunTurn) -> str:
    return (at.step.title or at.step.id) if at.step is not None else ""


def second_person(case: GateInput) -> Check | None:
    """Whether a second person is needed, and whether one can be had. None where the risk asks for none."""
    if case.risk is not Risk.SECOND_PERSON:
        return None
    glass = own_break_glass(case)
    if glass is not None:
        return Check(
            id="approval",
            text=f"the second person is waived by break-glass: {safe(glass.reason)}",
            passed=True,
        )
    health = case.facts.health
    if health.stamps == "kubernetes":
        return Check(id="approval", text="it needs a second person's approval of this very plan", passed=None)
    if not health.shared_configured:
        return Check(
            id="approval",
            passed=False,
            text="it needs a second person, and no server is configured that could stamp who approves ([store] url or approvals)",
        )
    if case.facts.health.shared:
        why = safe(case.facts.health.shared)
        return Check(
            id="approval", text=f"it needs a second person, and the shared store says: {why}", passed=False
        )
    return Check(id="approval", text="it needs a second person's approval of this very plan", passed=None)


def checks(case: GateInput, policy: ActionPolicy) -> tuple[Check, ...]:
    """All of them, in order."""
    found = (
        calendar(case, policy),
        verdict(case),
        sequence(case),
        held(case),
        lock(case),
        second_person(case),
    )
    return tuple(c for c in found if c is not None)


def extra_needed(checks: tuple[Check, ...]) -> bool:
    """Whether the further confirmation of a promotion without PASS is asked."""
    return any(c.id == "canary" and c.passed is None for c in checks)

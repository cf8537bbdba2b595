"""A release in flight and what is said of it, in lines of pieces: for the Canary screen, its pages and the reports.

Nothing is compared with a limit here: outcomes, sentences and arithmetic come from ``tfdash.playbook.canary``.
"""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash import figures
from tfdash.model.assessment import Assessment
from tfdash.model.judgement import Advice, CanaryJudgement, Outcome, Trigger
from tfdash.model.release import Carrier, Phase, ReleaseState, Side
from tfdash.model.release_answer import Ground, ReleaseAnswer
from tfdash.model.section import SectionState
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import short_age
from tfdash.views.image import short_image, split_image
from tfdash.views.layout import cells, cut
from tfdash.views.state import State
from tfdash.views.table import Cell, Line
from tfdash.views.trigger_figures import (
    amount,
    amounts,
    chart_title,
    limits_of,
    moved,
    title_of,
    title_of_id,
)

_OUTCOMES: dict[Outcome, State] = {
    Outcome.PASS: states.of_level(Level.OK).worded("pass"),
    Outcome.BREACH: states.of_level(Level.BREACH),
    **{
        outcome: states.of_level(Level.UNKNOWN).worded(outcome.value.lower())
        for outcome in Outcome
        if outcome not in (Outcome.PASS, Outcome.BREACH)
    },
}
_RANK = (
    Outcome.BREACH,
    Outcome.HOLD,
    Outcome.QUERY_ERROR,
    Outcome.STALE,
    Outcome.NO_DATA,
    Outcome.NOT_COMPARABLE,
    Outcome.LOW_TRAFFIC,
    Outcome.PASS,
)
_SIGNS = {Outcome.PASS: ("✔", "ok"), Outcome.BREACH: ("✖", "breach")}
_NEXT = {Phase.ABORTED: "roll back", Phase.STUCK: "roll back"}
"""What the playbook wants next of what no trigger judges any more: the wanted version still stands in the spec."""
BAR = 20  # cells of a weight bar


def outcome_state(outcome: Outcome) -> State:
    return _OUTCOMES[outcome]


def trigger_state(trigger: Trigger) -> State:
    """Of what nothing measures nothing is asked: it stands apart from what was looked for and is not known."""
    return (
        states.of_level(Level.IDLE).worded("not measured") if trigger.absent else _OUTCOMES[trigger.outcome]
    )


def verdict(answer: ReleaseAnswer) -> State:
    """What the section says of a release, as glyph and word."""
    state = states.of_level(answer.level)
    match answer.ground:
        case Ground.ROLL_BACK:
            return state
        case Ground.OUTCOME if answer.outcome is not None:
            return state.worded(_OUTCOMES[answer.outcome].word)
        case Ground.PHASE:
            return state.worded(states.of_phase(answer.phase).word)
    return state.worded(answer.ground.value)


def judgement_of(assessment: Assessment, release: ReleaseState) -> CanaryJudgement | None:
    for subject in (release.subject, release.workload):
        if subject is not None:
            found = assessment.canaries.get(subject) or assessment.canaries.get(subject._replace(uid=""))
            if found is not None:
                return found
    return None


def shown(assessment: Assessment, namespaces: tuple[str, ...] | None = None) -> list[ReleaseState]:
    """What is in flight, was aborted and not put right, or is on its way to be verified; worst first."""
    listed = [a for a in assessment.answers.values() if a.listed]
    if namespaces is not None:
        listed = [a for a in listed if a.subject.namespace in namespaces]
    listed.sort(key=lambda a: (*_rank(a), str(a.subject)))
    return [release for a in listed if (release := assessment.releases.get(a.subject)) is not None]


def unread(assessment: Assessment) -> SectionState | None:
    """The section of the releases, where not all was read that could be one of them: nobody can say that none is in flight."""
    section = next((s for s in assessment.sections if s.id == "releases"), None)
    if section is None or section.loading:
        return section
    undecided = sum(a.listed and a.level is Level.UNKNOWN for a in assessment.answers.values())
    return section if section.unknown > undecided else None


def _rank(answer: ReleaseAnswer) -> tuple[int, int]:
    outcome = answer.outcome if answer.ground is Ground.OUTCOME else None
    return -answer.level, len(_RANK) if outcome is None else _RANK.index(outcome)


# -- names ------------------------------------------------------------------------------------------------------------


def workload_name(release: ReleaseState) -> str:
    flagger = (
        release.carrier is Carrier.CANARY
    )  # what serves there is the primary, which is never what is released
    return safe((release.subject if flagger else release.workload or release.subject).name)


def version(side: Side | None, other: Side | None = None) -> str:
    """The image's tag; with the same tag on both sides the hash tells them apart. "" of none."""
    if side is None:
        return ""
    tag = safe(split_image(side.images[0])[1]) if side.images else ""
    tag = tag or safe(side.image).rpartition(":")[2]
    if other is not None and other.images == side.images and side.hash:
        tag = f"{tag} ({safe(side.hash)})" if tag else safe(side.hash)
    return tag or safe(side.revision) or safe(side.hash)


def name_and_version(release: ReleaseState) -> str:
    return f"{workload_name(release)} {version(release.canary, release.stable)}".rstrip()


# -- the answer -------------------------------------------------------------------------------------------------------


class Headline(NamedTuple):
    """``state`` and ``text`` stand at the left, ``advice`` at the right; safe texts."""

    state: State
    text: str
    advice: str


def headline(
    release: ReleaseState | None,
    judgement: CanaryJudgement | None,
    answer: ReleaseAnswer | None,
    zone: ZoneInfo,
) -> Headline:
    """The screen's question answered in one line: may it go on, and what to do."""
    if release is None or answer is None:
        return Headline(states.of_level(Level.IDLE).worded("nothing in flight"), "", "")
    state, name = verdict(answer), name_and_version(release)
    if judgement is None:
        return Headline(state, f"{name}: {safe(release.message)}", _NEXT.get(release.phase, ""))
    leading = leading_trigger(judgement)
    advice = {
        Advice.ROLL_BACK: "roll back",
        Advice.PROMOTE: "promote",
        Advice.WAIT: "wait",
        Advice.HOLD: "hold",
    }.get(judgement.advice, "")
    if release.as_of is not None and judgement.advice is not Advice.ROLL_BACK:
        advice = "hold"  # nothing goes on by what was not read lately
    if answer.must_roll_back and leading is not None:
        short = moved(leading, zone) or f"{title_of(leading)}: {safe(leading.sentence)}"
        return Headline(state, f"{name}: {short}", advice)
    said = safe(judgement.sentence).removeprefix(f"{judgement.outcome.value}: ")
    worded = answer.ground is Ground.OUTCOME and answer.level is Level.UNKNOWN  # the state's own word says it
    return Headline(state, f"{name}: {said if worded else safe(judgement.sentence)}", advice)


def leading_trigger(judgement: CanaryJudgement) -> Trigger | None:
    return next((t for t in judgement.triggers if t.outcome is judgement.outcome), None)


def against(release: ReleaseState, judgement: CanaryJudgement | None) -> Line:
    """``checkout 2.14.0 against 2.13.4 (stable pods, same window)  Argo Rollout in tf-production``."""
    line: list[Cell] = [(name_and_version(release), "bright")]
    stable = version(release.stable, release.canary)
    if stable:
        labels = [t.baseline_label for t in judgement.triggers if t.baseline_label] if judgement else []
        back = judgement is not None and judgement.came_back
        line.append(f" {'back in place of' if back else 'against'} {stable}")
        if labels:
            line.append((f" ({'against itself, ' if back else ''}{safe(labels[0])})", "dim"))
    where = f" in {safe(release.subject.namespace)}" if release.subject.namespace else ""
    line.append((f"   {release.carrier.value}{where}", "dim"))
    pods = [
        f"{name} {side.ready}/{side.desired}"
        for name, side in (("canary", release.canary), ("stable", release.stable))
        if side is not None
    ]
    if pods:
        line.append((f"   pods: {', '.join(pods)}", "dim"))
    return line


def weight_bar(release: ReleaseState, width: int = BAR) -> list[Cell]:
    """``████▒░░░``: what the canary gets, what it is still to get, and the rest."""
    weight = release.weight
    got = weight.actual if weight.actual is not None else weight.wanted
    if got is None:
        return []
    full = _filled(got, width)
    due = max(_filled(weight.wanted, width) - full, 0) if weight.wanted is not None else 0
    return [("█" * full, "accent"), ("▒" * due, "moving"), ("░" * (width - full - due), "dim")]


def _filled(percent: float, width: int) -> int:
    """Of a share that is neither none nor all at least one cell is filled, and one left."""
    many = round(percent / 100 * width)
    if 0 < percent < 100:
        many = min(max(many, 1), width - 1)
    return min(max(many, 0), width)


def weight_text(release: ReleaseState) -> str:
    weight = release.weight
    parts = []
    if weight.wanted is not None:
        parts.append(f"{weight.wanted:g} % wanted")
    if weight.actual is not None:
        parts.append(f"{weight.actual:.3g} % actual{' (approximate)' if weight.approximate else ''}")
    if weight.verified is False:
        parts.append("routing not verified")
    return ", ".join(parts)


def fitting(line: Line, width: int) -> Line:
    """The line without the last pieces that do not fit into ``width`` cells; the first stays whatever its length. Behind
    a label (the first piece, dim), which alone would tell nothing, the next one is cut instead."""
    kept: list[Cell] = []
    used = 0
    for cell in line:
        text, token = (cell, "") if isinstance(cell, str) else cell
        room, used = width - used, used + cells(text)
        if kept and used > width:
            if len(kept) == 1 and not isinstance(line[0], str) and line[0][1] == "dim" and room > 1:
                kept.append((cut(text, room), token))
            break
        kept.append(cell)
    while len(kept) > 1 and len((kept[-1] if isinstance(kept[-1], str) else kept[-1][0]).strip()) < 2:
        kept.pop()  # a glyph without its word would be a riddle
    return kept


def step_line(release: ReleaseState, now: float, bar_width: int = BAR) -> Line:
    """``step 2 of 6  ████░░░ 20 % wanted, 19.4 % actual (approximate)   ‖ paused 4m: waits for promotion``."""
    line: list[Cell] = []
    if release.steps and release.step is not None:
        many = len(release.steps)
        here = f"step {release.step + 1} of {many}" if release.step < many else f"all {many} steps done"
        line.append((f"{here}  ", "bright"))
    bar = weight_bar(release, bar_width)
    if bar:
        line += [*bar, f" {weight_text(release)}   "]
    line.extend(phase_pieces(release, now))
    return line


def phase_pieces(release: ReleaseState, now: float) -> list[Cell]:
    state, pause = states.aged(states.phase_of(release), release.as_of), release.pause
    if release.phase is Phase.PAUSED and pause is not None:
        age = f" {short_age(now - pause.since)}" if pause.since else ""
        why = safe(pause.sentence or pause.reason)
        until = (
            f", {short_age(pause.until - now)} left" if pause.until is not None and pause.until > now else ""
        )
        return [(f"{state.text}{age}", state.token), f": {why}{until}" if why else until]
    text = safe(release.message).removeprefix(f"{state.word}: ")
    return [(state.text, state.token), f": {text}" if text and text != state.word else ""]


def skip_line(release: ReleaseState) -> Line:
    """What a promotion now would skip; nothing where it skips nothing."""
    if not release.skips:
        return ()
    return [("promote would skip: ", "dim"), (safe("; ".join(release.skips)), "warn")]


# -- triggers ---------------------------------------------------------------------------------------------------------


def run_of_windows(trigger: Trigger) -> list[Cell]:
    """``✔✔✖✖✖``, oldest first; what could not be decided is ``?``."""
    return [_SIGNS.get(w.outcome, ("?", "unknown")) for w in trigger.windows]


def trigger_sentence(trigger: Trigger) -> tuple[State, str]:
    return trigger_state(trigger), safe(trigger.sentence)


def trigger_marks(trigger: Trigger) -> Line:
    """The run of the windows, the second opinion marked as such, and what flags say."""
    line: list[Cell] = []
    if trigger.windows:
        line += [("windows ", "dim"), *run_of_windows(trigger), "   "]
    if trigger.second_opinion:
        line += [("second opinion: ", "dim"), f"{safe(trigger.second_opinion)}   "]
    if trigger.needed:
        wait = f", {figures.span(trigger.needed_seconds)}" if trigger.needed_seconds else ""
        line += [(f"{trigger.needed:,} more requests{wait}   ", "bright")]
    if trigger.flags:
        line.append((safe(" · ".join(trigger.flags)), "dim"))
    return line


_CHARTED = frozenset({"errors", "latency"})


def other_lines(judgement: CanaryJudgement, without: frozenset[str] = frozenset()) -> list[Line]:
    """Triggers without a chart: journeys, a manual decision; but for the ids of ``without``."""
    lines: list[Line] = []
    for trigger in judgement.triggers:
        if trigger.id in _CHARTED or trigger.id in without:
            continue
        state = trigger_state(trigger)
        flags = f"  {safe(' · '.join(trigger.flags))}" if trigger.flags else ""
        lines.append(
            [
                (f"{title_of(trigger):<10}", "dim"),
                (f"{state.text}  ", state.token),
                safe(trigger.sentence),
                (flags, "dim"),
            ]
        )
    return lines


__all__ = [
    "BAR",
    "Headline",
    "Line",
    "against",
    "amount",
    "amounts",
    "chart_title",
    "fitting",
    "headline",
    "judgement_of",
    "leading_trigger",
    "limits_of",
    "moved",
    "name_and_version",
    "other_lines",
    "outcome_state",
    "phase_pieces",
    "run_of_windows",
    "short_image",
    "shown",
    "skip_line",
    "step_line",
    "title_of",
    "title_of_id",
    "trigger_marks",
    "trigger_sentence",
    "trigger_state",
    "verdict",
    "version",
    "weight_bar",
    "weight_text",
]

"""A plan, what the guard says of it, and what comes of it: in lines of pieces, for dialogs. Every text is safe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tfdash.model.action import Check, Guarded, Plan, Progress, Result
from tfdash.model.subject import Subject
from tfdash.text import safe, safe_lines
from tfdash.views.shortnames import short_names
from tfdash.views.table import Cell, Line

_NAME = 36  # cells of a name in a title
_CHECKS = {True: ("✔", "ok"), False: ("✖", "breach"), None: ("?", "unknown")}
_STAGES = ("checking", "recording", "sending", "verifying")
_STAGE_WORDS = {
    "checking": "checked once more",
    "recording": "recorded",
    "sending": "sent",
    "verifying": "verified",
    "terminal": "handed the terminal over",
}
_RESULTS: dict[Result, tuple[str, str]] = {
    Result.APPLIED: ("✔ applied", "ok"),
    Result.REFUSED: ("✖ refused: nothing was changed", "breach"),
    Result.NOT_APPLIED: ("▲ not applied: nothing was changed", "warn"),
    Result.FAILED: ("✖ FAILED", "breach"),
    Result.UNKNOWN: (
        "? UNKNOWN OUTCOME: it was sent and nobody answered; it is never sent again by itself",
        "unknown",
    ),
}
_UNSEEN = ("▲ applied, and what was to come of it was NOT seen", "warn")


def verb_of(title: str) -> str:
    """The verb of an action's title, which is "noun: verb" by its form: ``workload: roll back`` -> ``roll back``."""
    return _parted(title)[1] or title


def key_words(title: str) -> str:
    """The verb beside its key, without what it is about: ``set hard of`` -> ``set hard``."""
    return verb_of(title).removesuffix(" of")


def noun_of(title: str) -> str:
    """Its noun: ``workload: roll back`` -> ``workload``."""
    return _parted(title)[0]


def _parted(title: str) -> tuple[str, str]:
    noun, _, verb = title.rpartition(": ")
    return noun, verb


def objects_named(subjects: Sequence[Subject]) -> str:
    """The name of one object, in the middle cut where it is long; else how many they are."""
    name = safe(subjects[0].name)
    return short_names([name], _NAME)[name] if len(subjects) == 1 else f"{len(subjects)} objects"


def place_of(word: str, subjects: Iterable[Subject]) -> str:
    """``in PRODUCTION, cluster eu-1``: the environment's word, and the clusters of what is acted on."""
    clusters = dict.fromkeys(safe(s.cluster.cluster) for s in subjects if s.cluster.cluster)
    return f"in {word}, cluster {', '.join(clusters)}" if clusters else f"in {word}"


def verb(title: str) -> str:
    """``workload: roll back`` -> ``Roll back``."""
    text = safe(verb_of(title))
    return text[:1].upper() + text[1:]


def key_verb(title: str) -> str:
    """The word of a button: ``quota: set hard of`` -> ``Set hard``."""
    return verb(title).removesuffix(" of")


def plan_lines(plan: Plan) -> list[Line]:
    """What it does, from what to what, the difference. What can hurt is said apart (``hurt_lines``)."""
    lines: list[Line] = [[(safe(plan.effect), "bright")]]
    told = plan.before in plan.effect and plan.after in plan.effect
    if (plan.before or plan.after) and not told:
        lines.append([(safe(plan.before), "dim"), (" → ", "dim"), safe(plan.after)])
    for text in plan.diff:
        sign = text[:1]
        token = {"+": "ok", "-": "warn"}.get(sign, "dim")
        lines.extend([("  ", ""), (line, token)] for line in safe_lines(text))
    lines += [[(safe(note), "dim")] for note in plan.notes]
    return lines


def hurt_lines(guarded: Sequence[Guarded], refused: str = "") -> list[Line]:
    """What can hurt, first of all: what changed since the plan before, which rules it goes past, what it skips and does not
    revert, what is not known of it. ``refused`` is said elsewhere."""
    lines: list[Line] = []
    for one in guarded:
        plan = one.plan
        said = {"verdict"} if any(c.id == "canary" for c in one.checks) else set()  # by the check itself
        lines += [[("▲ changed meanwhile: ", "warn"), safe(text)] for text in one.changed]
        lines += [[("▲ Goes past ", "breach"), safe(w.text or w.id)] for w in plan.waives if w.id not in said]
        lines += [[("Skips: ", "warn"), safe(text)] for text in plan.skips]
        if plan.not_reverted:
            lines.append([("Not reverted: ", "warn"), safe("; ".join(plan.not_reverted))])
    lines += check_lines([c for g in guarded for c in g.checks if c.text != refused])
    return [line for i, line in enumerate(lines) if line not in lines[:i]]


def check_lines(checks: Sequence[Check]) -> list[Line]:
    """What refuses first, then what is not known."""
    told = sorted(checks, key=lambda c: c.passed is None)
    return [[check_cell(c)] for c in told if c.passed is not True]


def well_lines(checks: Sequence[Check]) -> list[Line]:
    """What is well, a line each; short ones may stand side by side."""
    return [[("✔ ", "ok"), safe(c.text)] for c in checks if c.passed is True]


def check_cell(check: Check) -> Cell:
    glyph, token = _CHECKS[check.passed]
    return (f"{glyph} {safe(check.text)}", token)


def progress_lines(progress: Progress) -> list[Line]:
    """The stages that are over, the one that runs, postconditions and items as they come, the outcome."""
    done = progress.stage == "done"
    lines: list[Line] = []
    if progress.journal and done and progress.result is Result.APPLIED:
        lines += [[("✔ ", "ok"), _STAGE_WORDS[stage]] for stage in ("checking", "recording")]
    elif not (done and progress.result is Result.REFUSED):
        at = _STAGES.index(progress.stage) if progress.stage in _STAGES else len(_STAGES) if done else 2
        for index, stage in enumerate(_STAGES):
            if index < at and (stage != "verifying" or progress.posts):
                lines.append(_stage(stage, progress))
            elif index == at:
                lines.append([("◐ ", "moving"), f"{stage} …", (f"  {safe(progress.sentence)}", "dim")])
    if progress.stage == "terminal":
        lines.append([("◐ ", "moving"), safe(progress.sentence)])
    for post, held in progress.posts:
        glyph, token = {True: ("✔", "ok"), False: ("✖", "breach"), None: ("·", "dim")}[held]
        late = "  not seen in time" if held is False else ""
        lines.append([(f"    {glyph} ", token), safe(post.text), (late, "breach")])
    for item, outcome in progress.items:
        lines.append([("    · ", "dim"), f"{safe(item)}  ", (safe(outcome), "dim")])
    if done:
        lines.append([])
        text, token = (
            _UNSEEN
            if progress.unseen
            else (
                _RESULTS.get(progress.result, ("? no outcome was told", "unknown"))
                if progress.result
                else ("? no outcome was told", "unknown")
            )
        )
        lines += [[(text, token)], [safe(progress.sentence)]]
    return lines


def _stage(stage: str, progress: Progress) -> Line:
    """A stage that is over, and whether it came to what it was for."""
    if stage == "recording" and not progress.entry:
        return [("▲ ", "warn"), ("NOT recorded", "warn")]
    if stage == "verifying" and any(held is not True for _, held in progress.posts):
        return [("▲ ", "warn"), "verified in part"]
    return [("✔ ", "ok"), _STAGE_WORDS[stage]]


def unrecorded(progress: Progress) -> bool:
    """Whether something was sent of which no audit entry tells."""
    nothing_sent = progress.stage in ("checking", "recording") or progress.result in (
        Result.REFUSED,
        Result.NOT_APPLIED,
    )
    return not progress.entry and not nothing_sent and not progress.journal


UNRECORDED = ("UNRECORDED", "no store acknowledged this action; write it down")


def entry_text(progress: Progress) -> str:
    """The audit entry, or the loud word that there is none; "" while nothing was sent yet."""
    if unrecorded(progress):
        return ": ".join(UNRECORDED)
    return f"audit entry {safe(progress.entry)}" if progress.entry else ""


def outcome_text(progress: Progress) -> str:
    """One line for the messages."""
    word = progress.result.value if progress.result is not None else "no outcome"
    return (
        f"{safe(progress.plan.title)} {safe(progress.plan.subject.name)}: {word}: {safe(progress.sentence)}"
    )

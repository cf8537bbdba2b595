"""``tfdash gate release``: the calendar as an exit code, by a clock that is checked."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfdash.cli.output import narrate
from tfdash.cli.parser import FINDINGS, OK, UNKNOWN, USAGE, program
from tfdash.model.calendar import CalendarState
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture, ServerInfo
from tfdash.model.store_state import EMPTY_STORE_STATE, StoreState
from tfdash.model.subject import ClusterRef
from tfdash.report.gates.answer import GateAnswer, in_doubt, question, told_apart
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.clock import Clock
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings

_STORE = 20.0  # seconds for the store to be read


def ask(args: argparse.Namespace) -> GateAnswer | int:
    """The calendar's answer for now, checked against the API server's clock and with what people said in the store; or for
    another time, by the calendar alone."""
    from tfdash.cli.compose import clock_of
    from tfdash.cli.feeds import calendar_in_force, sure
    from tfdash.cli.recorded import chosen, picture_of
    from tfdash.config.load import load
    from tfdash.playbook.schedule import calendar_state
    from tfdash.playbook.schedule.asking import asked
    from tfdash.views.calendar.release import as_json, lines

    emergency = _emergency(args)
    config = chosen(args, at_alone=True)
    settings = load(config.path)
    clock = clock_of(config)
    then = picture_of(config.recorded) if config.recorded is not None else None
    policy = calendar_in_force(config, settings, clock, then)
    now = clock.now()
    skew: float | None = None
    cluster = unknown = unread = ""
    facts = EMPTY_STORE_STATE
    if then is not None:
        at = now
        if not args.no_clock_check:
            skew, cluster, unknown = _worst_of({r: c.info for r, c in then.clusters.items()})
        facts, unread = then.store_state, _why_unread(then)
    elif args.at is not None:
        try:
            at = asked(args.at, policy, now).at
        except ValueError as error:
            narrate(f"{program()}: --at: {safe(str(error))}")
            return USAGE
    else:
        at = now
        if not args.no_clock_check:
            skew, cluster, unknown = asyncio.run(_worst_skew(config))
        facts, unread = remembered(config, settings, clock, max(_STORE, args.wait))
    glass = facts.break_glass.get(config.environment.name)
    waived = f"break-glass by {glass.by}: {glass.reason}" if glass is not None and glass.until > at else ""
    decided = [
        safe(f"{subject}: {said}")
        for subject, said in sorted(facts.manual.items())
        if subject.cluster.environment == config.environment.name
    ]
    state = calendar_state(policy, at, skew=skew, cluster=cluster, waived=waived)
    unfed = bool(policy.unread) and calendar_state(sure(policy), at, skew=skew).open
    counts = counted(state, emergency, skew, unknown, unread, unfed=unfed)
    code = FINDINGS if counts["no"] else UNKNOWN if counts["unknown"] else OK
    document = {
        "schema_version": 1,
        "exit_code": code,
        "counts": counts,
        **as_json(state),
        "emergency": emergency,
        "clock_unchecked": unknown,
        "decided": decided,
        "store_unread": unread,
    }
    said = lines(state)
    if emergency:
        said.append(
            f"emergency: {emergency['reason']}; approved by {emergency['approver']} as given on the command line, "
            "which nobody vouches for"
        )
    said += [f"decided by a person: {one}" for one in decided]
    if waived:
        said.append("break-glass is its own terminal's: the calendar stays closed for others")
    if args.explain:
        said += _arithmetic(counts, skew, cluster, code)
    told = [f"what people decided is not known: {unread}"] if unread else []
    if unknown:
        told.append(f"the clock was not checked: {unknown}; --no-clock-check leaves that out")
    first, *rest = said
    answered = FINDINGS if counts["no"] else UNKNOWN if unfed and not emergency else OK
    cases = question(answered, "Calendar", "a standard release may happen", first, rest, safe(state.why))
    for doubt in told:
        cases += in_doubt("Calendar", doubt, UNKNOWN)
    return GateAnswer(code, first, said, document, told_apart(cases), now, "", tuple(told))


def _arithmetic(counts: dict[str, int], skew: float | None, cluster: str, code: int) -> list[str]:
    clock = (
        f"the clock of {safe(cluster)} differs most, by {skew:+.1f} s"
        if skew is not None
        else "no clock was compared"
    )
    sums = ", ".join(f"{many} {word}" for word, many in counts.items())
    return [clock, f"calendar, clock and store: {sums}: exit {code}"]


def remembered(
    config: QuickConfig, settings: Settings, clock: Clock, wait: float = _STORE
) -> tuple[StoreState, str]:
    """What the store remembers, opened for reading, and why it is not known; a store that nobody made yet remembers nothing."""
    from tfdash.board.board import Board
    from tfdash.cli.compose import judge_of
    from tfdash.cli.headless import settle
    from tfdash.cli.store_options import store_options
    from tfdash.store.opening import open_store

    opened = open_store(store_options(settings, config.path), clock, acting=False, reading=True)
    board = Board([], judge_of(settings), clock, sources=[opened.source])
    late = settle(board, {}, wait)
    status = board.picture.sources[opened.source.id]
    facts = board.picture.store_state
    board.stop()
    why = status.problem.cause if status.problem is not None else ", ".join(late)
    return facts, safe(why)


def _why_unread(then: Picture) -> str:
    """Why it was not known at a time of a recording what people decided; "" where it was."""
    status = then.sources.get("store")
    if status is not None and status.problem is not None:
        return safe(status.problem.cause)
    return "" if status is not None and status.complete else "the store was not read then"


def counted(
    state: CalendarState,
    emergency: dict[str, str] | None,
    skew: float | None,
    unknown: str,
    unread: str = "",
    *,
    unfed: bool = False,
) -> dict[str, int]:
    """Of what was asked, the calendar and perhaps the clock: how many say yes, no, and do not know. A store that could not be
    read is one more that does not, and a calendar that only a feed closes which was never read (``unfed``) does not.

    An emergency waives the calendar, and no clock: neither one that is wrong nor one that nobody could ask.
    """
    said = [None if unfed and not emergency else bool(state.open or (emergency and not state.problem))]
    clock = [None] if unknown else [not state.problem] if skew is not None else []
    given = [*said, *clock, *([None] if unread else [])]
    return {"yes": given.count(True), "no": given.count(False), "unknown": given.count(None)}


def _emergency(args: argparse.Namespace) -> dict[str, str] | None:
    """The playbook's emergency path: an approver and a reason, both."""
    if not (args.emergency_approver or args.emergency_reason):
        return None
    if not (args.emergency_approver and args.emergency_reason):
        narrate(f"{program()}: an emergency release needs --emergency-approver and --emergency-reason")
        raise SystemExit(USAGE)
    return {"approver": safe(args.emergency_approver), "reason": safe(args.emergency_reason)}


async def _worst_skew(config: Any) -> tuple[float | None, str, str]:
    """The largest difference of any cluster's clock from ours: (seconds, cluster, why it is not known)."""
    from tfdash.cli.compose import clock_of, clusters_of
    from tfdash.sources.kubernetes.kubeconfig import KubeconfigError

    try:
        sources = clusters_of(config.environment, config, clock_of(config))
    except KubeconfigError as error:
        return None, "", safe(str(error))
    try:
        answers = await asyncio.gather(*(source.probe() for source in sources))
    finally:
        for source in sources:
            await source.close()
    return _worst_of({source.ref: seen for source, seen in zip(sources, answers, strict=True)})


def _worst_of(answers: Mapping[ClusterRef, Observation[ServerInfo]]) -> tuple[float | None, str, str]:
    worst: float | None = None
    where = ""
    unknown = []
    for ref, seen in answers.items():
        skew = seen.value.skew if seen.value is not None else None
        if seen.problem is not None or skew is None:
            unknown.append(f"{ref.cluster}: {seen.problem or 'its answers carry no Date'}")
        elif worst is None or abs(skew) > abs(worst):
            worst, where = skew, ref.cluster
    return worst, where, safe("; ".join(unknown))

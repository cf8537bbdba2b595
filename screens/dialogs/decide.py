"""``:decide NAME`` and ``:sign NAME``: what a person says of a release, with a reason, recorded in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from screens.desks import acting
from tfdash.actions.core.protocols import LedgerUnavailable, PlanRefused
from tfdash.model.release import ReleaseState
from tfdash.model.requests import ReadFailed
from tfdash.text import safe

if TYPE_CHECKING:
    from screens.app import TfdashApp
    from tfdash.views.plan import Line


def names(app: TfdashApp) -> list[str]:
    """Releases as they may be typed, those in flight first."""
    found = sorted(app.board.assessment.releases.values(), key=lambda r: (not r.in_flight, str(r.subject)))
    return [safe(f"{r.subject.namespace}/{r.subject.name}") for r in found]


def meant(app: TfdashApp, typed: str, *, flying: bool) -> Sequence[ReleaseState]:
    """The releases that ``typed`` ("name" or "namespace/name") means; "" the one in flight, where there is only one."""
    found = app.board.assessment.releases.values()
    if not typed:
        return [r for r in found if r.in_flight] if flying else []
    return [r for r in found if typed in (r.subject.name, f"{r.subject.namespace}/{r.subject.name}")]


def decide(app: TfdashApp, command: str, argument: str) -> None:
    """``command`` is "decide" or "sign"."""
    if acting(app.context.desk) is None:
        app.tell("this terminal only reads: a decision is recorded by one that may act", "warning")
        return
    typed = argument.strip()
    found = meant(app, typed, flying=command == "decide")
    if len(found) != 1:
        word = safe(typed) or "nothing"
        many = f"{len(found)} releases; write namespace/name" if found else "no release"
        app.tell(f":{command} NAME: {word} means {many}", "warning")
        return
    work = _sign(app, found[0]) if command == "sign" else _decide(app, found[0])
    app.run_worker(work, exit_on_error=False, group="deciding")


async def _decide(app: TfdashApp, release: ReleaseState) -> None:
    from screens.dialogs.ask import AskScreen

    name, facts = safe(str(release.subject)), app.board.picture.store_state
    decided = facts.manual.get(release.subject, "")
    lines: list[Line] = [
        [
            'The trigger "manual decision" says BREACH from then on, on every terminal that the store reaches, for this '
            "version only."
        ],
        ["Nothing is sent for it: the roll back itself is ", ("b", "bright"), ", with its plan."],
    ]
    buttons = [("decide", "Decide to roll back")]
    if decided:
        lines.insert(0, [("Decided already: ", "bright"), safe(decided)])
        buttons.append(("back", "Take it back"))
    answer = await app.push_screen_wait(AskScreen(f"Decide to roll back {name}", lines, buttons))
    desk = acting(app.context.desk)
    if answer is None or desk is None:
        return
    try:
        told = await desk.decide_rollback(release.subject, "" if answer.button == "back" else answer.reason)
    except (LedgerUnavailable, PlanRefused, ReadFailed) as error:
        app.tell(f"not decided: {error}", "warning")
        return
    app.tell(safe(told), "warning")


async def _sign(app: TfdashApp, release: ReleaseState) -> None:
    from screens.dialogs.ask import AskScreen

    name = safe(str(release.subject))
    side = release.canary or release.stable
    image = safe(side.image) if side is not None else "what serves"
    lines: list[Line] = [
        [("It is remembered as last verified good: ", "bright"), f"{image}, its whole template, by you."],
        [
            "A roll back goes to it by default, also after its ReplicaSet is gone. In the cluster too, where you may write "
            "ConfigMaps."
        ],
    ]
    answer = await app.push_screen_wait(
        AskScreen(f"Sign {name} as verified", lines, [("sign", "Sign")], typed=safe(release.subject.name))
    )
    desk = acting(app.context.desk)
    if answer is None or desk is None:
        return
    try:
        told = await desk.sign(release.subject, answer.reason)
    except (LedgerUnavailable, PlanRefused, ReadFailed) as error:
        app.tell(f"not signed: {error}", "warning")
        return
    app.tell(safe(told))

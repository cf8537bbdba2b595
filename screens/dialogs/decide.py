"""``:decide NAME``, ``:overrule NAME`` and ``:sign NAME``: what a person says of a release, with a reason, recorded in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from screens.dialogs.carry_out import carry_out
from screens.shell import Shell
from tfdash.model.action import Offer
from tfdash.model.release import ReleaseState
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.views.table import Line


def names(shell: Shell) -> list[str]:
    """Releases as they may be typed, those in flight first."""
    found = sorted(shell.board.assessment.releases.values(), key=lambda r: (not r.in_flight, str(r.subject)))
    return [safe(f"{r.subject.namespace}/{r.subject.name}") for r in found]


def meant(shell: Shell, typed: str, *, flying: bool) -> Sequence[ReleaseState]:
    """The releases that ``typed`` ("name" or "namespace/name") means; "" the one in flight, where there is only one."""
    found = shell.board.assessment.releases.values()
    if not typed:
        return [r for r in found if r.in_flight] if flying else []
    return [r for r in found if typed in (r.subject.name, f"{r.subject.namespace}/{r.subject.name}")]


def begin(command: str, shell: Shell, argument: str) -> None:
    """``command`` is "decide", "overrule" or "sign"."""
    if shell.context.actions is None or not shell.context.actions.acts:
        shell.tell("this terminal only reads: a decision is recorded by one that may act", "warning")
        return
    typed = argument.strip()
    found = meant(shell, typed, flying=command != "sign")
    if len(found) != 1:
        word = safe(typed) or "nothing"
        many = f"{len(found)} releases; write namespace/name" if found else "no release"
        shell.tell(f":{command} NAME: {word} means {many}", "warning")
        return
    work = _WORK[command](shell, found[0])
    shell.run_worker(work, exit_on_error=False, group="deciding")


async def _decide(shell: Shell, release: ReleaseState) -> None:
    from screens.dialogs.ask import AskScreen

    name, facts = safe(str(release.subject)), shell.board.picture.store_state
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
    answer = await shell.push_screen_wait(AskScreen(f"Decide to roll back {name}", lines, buttons))
    actions = shell.context.actions
    if answer is None or actions is None:
        return
    action = "release.withdraw-rollback" if answer.button == "back" else "release.decide-rollback"
    told = await carry_out(actions, action, release.subject, reason=answer.reason)
    shell.tell(told.sentence if told.done else f"not decided: {told.sentence}", "warning")


async def _sign(shell: Shell, release: ReleaseState) -> None:
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
    answer = await shell.push_screen_wait(
        AskScreen(f"Sign {name} as verified", lines, [("sign", "Sign")], typed=safe(release.subject.name))
    )
    actions = shell.context.actions
    if answer is None or actions is None:
        return
    at = release.subject
    told = await carry_out(actions, "release.sign", at, reason=answer.reason, typed=at.name)
    if told.done:
        shell.tell(told.sentence)
    else:
        shell.tell(f"not signed: {told.sentence}", "warning")


async def _overrule(shell: Shell, release: ReleaseState) -> None:
    """A plan as of any other action: it asks for a second person."""
    from screens.dialogs.confirm import ConfirmScreen

    offer = Offer(action="release.overrule", title="release: go on in spite of a BREACH", key="")
    await shell.push_screen_wait(ConfirmScreen(offer, (release.subject,)))


_WORK = {"decide": _decide, "overrule": _overrule, "sign": _sign}

"""``:decide NAME``, ``:overrule NAME`` and ``:sign NAME``: what a person says of a release, with a reason, recorded in the audit log."""

from __future__ import annotations

from collections.abc import Sequence

from screens.shell import Shell
from tfdash.model.release import ReleaseState
from tfdash.playbook.canary.lost_entries import lost_of
from tfdash.text import safe

_ACTIONS = {
    "decide": ("release.decide-rollback", "Decide to roll back {}"),
    "overrule": ("release.overrule", "Go on in spite of the BREACH of {}"),
    "sign": ("release.sign", "Sign {} as verified"),
}


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
    from screens.dialogs.confirm import ConfirmScreen
    from screens.dialogs.offers import offer_of

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
    at, (action, heading) = found[0].subject, _ACTIONS[command]
    facts = shell.board.picture.store_state
    known = command == "decide" and (facts.manual.get(at) or lost_of(facts, found[0]))
    others = (offer_of("release.withdraw-rollback"),) if known else ()
    shell.push_screen(ConfirmScreen(offer_of(action), (at,), others=others, heading=heading.format(at)))

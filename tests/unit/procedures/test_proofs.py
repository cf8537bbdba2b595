"""Whose word an approval is: asked of the server that stamps people, of each run by itself, by the name and the text that it counts for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.playbook.procedures.running import Run
from tests.unit.procedures.world import HEAD, Terminal, step
from tests.unit.store.test_approvals_in_cluster import Certificates, Login
from tfdash.actions.core.protocols import Answer, LedgerUnavailable
from tfdash.clock import FixedClock
from tfdash.model.run import RunEvent, RunEventKind, StepStatus
from tfdash.playbook.procedures.reading import digest_of as text_digest
from tfdash.procedures.kind import step_of
from tfdash.procedures.proofs import Proofs, digest_of, key_of, what_is_unproven
from tfdash.procedures.protocols import RunRefused
from tfdash.store.approvals.kubernetes import KubernetesApprovals
from tfdash.store.approvals.protocol import StepWord, Vouches
from tfdash.store.approvals.roles import vouches_of


def text(**more: object) -> str:
    approval = step("ok", "approval", role='"managers"', **more)
    return HEAD + '[roles]\nmanagers = "approve"\n' + approval + step("act", "manual")


class MayBeAway(Login):
    """Of a server that answers nobody, once ``away``."""

    away = False

    async def identity(self) -> tuple[str, tuple[str, ...]]:
        if self.away:
            raise LedgerUnavailable("it does not answer")
        return await super().identity()

    async def read(self, path: str) -> Answer:
        if self.away:
            raise LedgerUnavailable("it does not answer")
        return await super().read(path)


def as_seen_by(server: Certificates, who: str = "ann") -> tuple[Proofs, MayBeAway]:
    login = MayBeAway(server, who)
    vouches = vouches_of(KubernetesApprovals(login, FixedClock(0.0)))
    return Proofs(vouches, lambda role: ("people",)), login


def digest(run: Run) -> str:
    state = run.state
    found = step_of(state, "ok")
    assert found is not None
    return digest_of(state, found)


def said(run: Run, who: str, *, kind: str = "approved", **more: Any) -> RunEvent:
    """An event as an honest terminal writes it, whoever writes it."""
    told = {"role": "managers", "vouched": "kubernetes", "who": who, "digest": digest(run), **more}
    return run.add(kind, "ok", **{"terminal": who, "by": who, **told})


async def signed(server: Certificates, run: Run, who: str) -> None:
    """That person's own word, stamped."""
    vouches: Vouches | None = vouches_of(KubernetesApprovals(Login(server, who), FixedClock(0.0)))
    assert vouches is not None
    await vouches.sign(StepWord(who, "", key_of(run.id, "ok"), digest(run)), ("people",))


async def why(proofs: Proofs, run: Run) -> str:
    assert run.step("ok").status is StepStatus.DONE
    return await what_is_unproven(proofs, run.journal, run.state)


async def test_an_approval_of_one_run_says_nothing_of_another() -> None:
    """Events of each run are counted by themselves: those of two approvals are often the same terminal's of the same number."""
    server, given, forged = Certificates(), Run(text()), Run(text(), nonce="another")
    await signed(server, given, "bob")
    assert said(given, "bob").number == said(forged, "bob").number
    proofs, _ = as_seen_by(server)
    assert await why(proofs, given) == ""
    assert "no word of bob" in await why(proofs, forged)
    assert proofs.without_forged(given.journal) == given.journal
    assert len(proofs.without_forged(forged.journal).events) == 1


async def test_one_that_was_denied_by_the_server_takes_nothing_from_another_run() -> None:
    server, given, forged = Certificates(), Run(text()), Run(text(), nonce="another")
    await signed(server, given, "bob")
    said(given, "bob")
    said(forged, "bob")
    proofs, _ = as_seen_by(server)
    assert await why(proofs, forged)
    assert await why(proofs, given) == ""


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"count": 2}, ("bob", "bob of old")),  # one person twice
        ({"others": "true"}, ("somebody else",)),  # who started it
    ],
)
async def test_who_is_counted_by_one_name_is_proven_by_no_other(
    more: dict[str, object], names: tuple[str, ...]
) -> None:
    server, run = Certificates(), Run(text(**more), terminal="bob")
    await signed(server, run, "bob")
    for name in names:
        said(run, "bob", by=name)
    assert "in the name of bob" in await why(as_seen_by(server)[0], run)


async def test_what_a_denial_took_back_stands_for_no_later_approval() -> None:
    server, run = Certificates(), Run(text(count=2))
    for who in ("ann", "bob", "carl"):
        await signed(server, run, who)
    said(run, "ann")
    said(run, "bob", kind="denied")
    assert run.step("ok").status is StepStatus.FAILED
    said(run, "carl")
    said(run, "mallory")
    proofs, login = as_seen_by(server)
    assert "no word of mallory" in await why(proofs, run)
    proofs, login = as_seen_by(server)
    login.away = True
    assert "cannot be asked" in await why(proofs, run)


async def test_of_a_text_before_it_is_what_it_was_and_nothing_more() -> None:
    """What was done behind an approval stays done by whoever reads it later; behind the newer text it is given anew."""
    server, run = Certificates(), Run(text())
    await signed(server, run, "bob")
    old = said(run, "bob")
    run.add("signed", "act", note="done")
    newer = text().replace("step act", "the act")
    run.add("changed", text=newer, digest=text_digest(newer))
    assert run.step("ok").status is StepStatus.READY
    proofs, _ = as_seen_by(server)  # a program that began later
    await proofs.look(run.journal, run.state)
    assert proofs.forged(old) == "" and proofs.without_forged(run.journal) == run.journal
    again = said(run, "bob", digest=old.data["digest"])  # the old word once more
    assert "something else" in await why(proofs, run)
    await proofs.look(run.journal, run.state)
    assert "something else" in proofs.forged(again)
    await signed(server, run, "bob")
    said(run, "bob", terminal="bob-2")
    kept = proofs.without_forged(run.journal)
    assert [event.kind for event in kept.events if event.step == "ok"] == [RunEventKind.APPROVED] * 2
    run.events = list(kept.events)
    assert await why(proofs, run) == ""


def test_where_others_approve_a_run_begins_by_the_name_that_the_server_knows(
    terminal: Callable[..., Terminal],
) -> None:
    """Else who starts it before the server said who they are is somebody else than who approves it."""
    proofs, login = as_seen_by(Certificates(), "ann@corp")
    files = {
        "p": text(others="true"),
        "q": text(),
        "r": "recovery = true\n" + text(others="true", alone='"alone"'),
    }
    one = terminal(files, who="ann", proofs=proofs)
    run = one.start("p")
    assert run.by == "ann@corp"
    with pytest.raises(RunRefused, match="somebody else approves"):
        one.do(run.id, "ok")
    login.away = True
    with pytest.raises(RunRefused, match="as whom you start it cannot be asked"):
        one.start("p")
    assert [one.start(id).by for id in ("q", "r")] == ["ann", "ann"]
    assert one.start("p", dry=True).by == "ann"


@pytest.mark.parametrize("head", ["recovery = true\n", "urgent = true\n", "emergency = true\n"])
def test_an_emergency_begins_while_nobody_can_be_asked_and_then_nobody_is_somebody_else(
    terminal: Callable[..., Terminal], head: str
) -> None:
    server = Certificates()
    mine, login = as_seen_by(server, "ann@corp")
    theirs, _ = as_seen_by(server, "bob@corp")
    files = {"p": head + text(others="true", alone='"alone"')}
    one = terminal(files, who="ann (as this machine says)", proofs=mine)
    login.away = True
    run = one.start("p")
    assert run.by == "ann (as this machine says)" and run.unvouched
    assert "could not be asked" in one.runs.events(run.id)[0].sentence
    two = terminal(files, who="bob@corp", proofs=theirs)
    two.until(lambda: two.runs.run(run.id))
    shown = two.prepare(run.id, "ok")
    assert shown.may == ("alone", "skip") and any(
        "nobody counts as somebody else" in line for line in shown.lines
    )
    with pytest.raises(RunRefused, match="nobody counts as somebody else"):
        two.do(run.id, "ok")
    one.looked()  # it is asked again, and not there yet
    assert one.state(run.id).unvouched
    login.away = False
    one.clock.at += 31
    one.looked()
    assert (one.state(run.id).starter, one.state(run.id).unvouched) == ("ann@corp", "")
    with pytest.raises(RunRefused, match="somebody else approves"):
        one.do(run.id, "ok")
    two.until(lambda: two.state(run.id).starter)
    two.do(run.id, "ok")
    assert two.step(run.id, "ok").approvals == ("bob@corp",)


def test_the_way_alone_stands_beside_it(terminal: Callable[..., Terminal]) -> None:
    proofs, login = as_seen_by(Certificates(), "ann@corp")
    one = terminal({"p": "emergency = true\n" + text(others="true", alone='"alone"')}, proofs=proofs)
    login.away = True
    run = one.start("p").id
    one.do(run, "ok", alone=True, reason="nobody was to be had")
    assert one.step(run, "ok").status is StepStatus.DONE


def test_nobody_says_for_somebody_else_who_started_it() -> None:
    """By an event of another terminal, or before it was to be said; what was said once stays."""
    run = Run(text(others="true"), terminal="ann", unvouched="away")
    run.add("note", terminal="eve", starter="nobody@corp")
    said(run, "bob")
    assert run.state.unvouched and run.step("ok").status is StepStatus.READY
    run.add("note", terminal="ann", by="bob", starter="bob")
    run.add("note", terminal="ann", starter="nobody@corp")
    said(run, "bob")
    assert run.state.starter == "bob" and run.step("ok").status is StepStatus.READY
    said(run, "carl")
    assert run.step("ok").approvals == ("carl",)

"""The word of people of a role, whom a server vouches for; and the way of who is alone, which is recorded and reviewed later."""

from __future__ import annotations

from tfdash.actions.core.protocols import ApprovalRefused, LedgerUnavailable
from tfdash.durations import write_duration
from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import RunEventKind
from tfdash.moments import near
from tfdash.nouns import counted
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell
from tfdash.procedures.proofs import digest_of, key_of
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.procedures.telling import APPROVAL, RunWord, key_of_word, message_of
from tfdash.store.approvals.protocol import StepWord, Vouches

_REASON = 3  # characters at least
_ANOTHER = "you started it: somebody else opens this run at their own terminal (6, runs) and approves; this step waits"


class ApprovalStep(KindOfStep):
    """An approval ends by what its events add up to; each person's word is one of them."""

    kind = StepKind.APPROVAL
    begins = False
    by_person = True

    async def prepare(self, doing: Doing) -> StepShown:
        step, proofs = doing.step, doing.means.proofs
        why = _nobody(doing)
        groups = proofs.groups(step.role) if proofs is not None else ()
        left = step.count - len(doing.state.approvals)
        several = ", of different people" if left > 1 else ""
        lines = [f"{counted(max(left, 1), 'approval')} of {step.role} wanted{several}"]
        lines += [f"not by {doing.run.by}, who started the run"] if step.others else []
        lines += [why or f"vouched for by {_server(doing)}: {' or '.join(groups)}"]
        own = step.others and doing.by in _starters(doing)
        lines += [_ANOTHER] if own and not why else []
        unknown = _unknown_starter(doing)
        lines += [unknown] if unknown and not why else []
        lines += self._forged(doing)
        lines += [f"alone: {step.alone}"] if step.alone else []
        opens = opens_in_words(doing)
        if why and step.alone_after:
            lines.append(f"{_wait(step.alone_after)} are not waited for: nobody can answer by this program")
        alone = ("alone",) if step.alone and not opens else ()
        may = alone if why or own or unknown else ("approve", "deny", *alone)
        lines += await told_of_it(doing)
        return StepShown(lines=tuple(lines), opens=opens, may=may)

    def _forged(self, doing: Doing) -> list[str]:
        means = doing.means
        journal = means.journals.journal(doing.run.id, forged=True)
        events = journal.events if journal is not None and means.proofs is not None else ()
        told = (means.proofs.forged(e) for e in events if e.step == doing.step.id) if means.proofs else ()
        return [f"does not count: {why}" for why in told if why]

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd | None:
        if doing.run.dry:  # nobody's word is asked for, and no server stamps one
            return StepEnd(kind=RunEventKind.DONE, sentence="would be approved", data={"dry": True})
        if given.alone:
            return await self._alone(doing, given)
        step, proofs = doing.step, doing.means.proofs
        if why := _nobody(doing):
            raise RunRefused(
                why, remedy="alone, as it says there" if step.alone else "skip it, with a reason"
            )
        approve, vouches = given.worked is not False, _vouches(doing)
        assert proofs is not None and vouches is not None
        if not approve and len(given.reason.strip()) < _REASON:
            raise RunRefused("a denial needs a reason")
        digest = digest_of(doing.run, step)
        try:
            who = await vouches.identity()
            if approve and (unknown := _unknown_starter(doing)):
                raise RunRefused(unknown, remedy=_later(step))
            if approve and step.others and who in _starters(doing):
                raise RunRefused(f"{who} started the run: somebody else approves")
            if approve and who in doing.state.approvals:
                raise RunRefused(f"{who} has approved already: it needs somebody else")
            await vouches.sign(
                StepWord(who, who, key_of(doing.run.id, step.id), digest), proofs.groups(step.role)
            )
        except ApprovalRefused as refused:
            raise RunRefused(str(refused)) from None
        except LedgerUnavailable as away:
            told = "alone, as it says there" if step.alone else "again once it answers"
            raise RunRefused(f"nobody can be vouched for now: {away}", remedy=told) from None
        said = given.reason.strip() or given.note.strip()
        word, kind = ("approves", RunEventKind.APPROVED) if approve else ("denies", RunEventKind.DENIED)
        data = {
            "role": step.role,
            "vouched": vouches.stamped_by,
            "who": who,
            "groups": list(proofs.groups(step.role)),
            "digest": digest,
            "reason": said,
        }
        await doing.record(kind, f"{who} {word}" + (f": {said}" if said else ""), data, by=who)
        await doing.means.deliver()
        return None

    async def _alone(self, doing: Doing, given: Given) -> StepEnd:
        """Break-glass of its environment: where none is active one is recorded, so that somebody else has to review it."""
        step, reason = doing.step, given.reason.strip()
        if not step.alone:
            raise RunRefused("this approval has no way alone", remedy="skip it, with a reason")
        if len(reason) < _REASON:
            raise RunRefused("who goes on alone says why")
        if opens := opens_in_words(doing):
            raise RunRefused(opens, remedy="ask them by another way too; or skip it, with a reason")
        environment = doing.run.cluster.environment
        told = f"run {doing.run.id}, {step.id}, alone: {reason}"
        await doing.means.break_glass(environment, doing.by, told)
        digest = digest_of(doing.run, step)
        data = {"role": step.role, "alone": True, "digest": digest, "reason": reason}
        waited, why = "", _nobody(doing)
        if step.alone_after:
            data |= {"after": step.alone_after, "unanswerable": why}
            waited = f", {_wait(doing.unanswered)} after it was asked"
            waited += f" (its {_wait(step.alone_after)} were not waited for: {why})" if why else ""
        sentence = f"{doing.by} goes on alone{waited}, to be reviewed by somebody else: {reason}"
        return StepEnd(kind=RunEventKind.APPROVED, sentence=sentence, data=data)


async def told_of_it(doing: Doing) -> list[str]:
    """Who was told that it is wanted, and what came of that; where nobody is, why."""
    if doing.run.dry:
        return []
    means, run, notifier = doing.means, doing.run, doing.means.notifier
    word = RunWord(APPROVAL, doing.step.id, 0.0)
    key = key_of_word(run.id, word)
    sent = {one.channel: one for one in notifier.told(key)} if notifier is not None else {}
    if doing.state.told:
        at = next(one.at for one in run.told if (one.template, one.step) == word[:2])
        states = (f"{name}{f' ({sent[name].state})' if name in sent else ''}" for name in doing.state.told)
        return [f"told that it is wanted: {', '.join(states)}, {near(at, doing.now, means.zone)}"]
    if notifier is None:
        return ["nobody is told that it is wanted: no channel is there ([notify.channels])"]
    if APPROVAL not in run.previewed:
        return ["nobody is told that it is wanted: no such message was shown when the run was begun"]
    message = message_of(means, run, word, key)
    shown = await notifier.preview(message) if message is not None else ()
    if any(one.state != "refused" for one in shown):
        return ["nobody is told yet that it is wanted"]
    return [f"nobody is told that it is wanted: {'; '.join(one.sentence for one in shown)}"]


def alone_opens(doing: Doing) -> float | None:
    """When the way alone opens, which its file holds back for a while (epoch seconds); None where it is open. It is held wherever an answer can
    come, also while the server that vouches for it is away: that may come back, and people can be called. Where no server and no group is
    configured nobody can answer at all: nothing is waited for, and the run says so."""
    step, asked = doing.step, doing.state.asked
    if not step.alone_after or asked is None or doing.run.dry or _nobody(doing):
        return None
    left = step.alone_after - doing.unanswered
    return doing.now + left if left > 0 else None


def opens_in_words(doing: Doing) -> str:
    """The same as a sentence, "" where it is open."""
    at = alone_opens(doing)
    if at is None:
        return ""
    when, left = near(at, doing.now, doing.means.zone), _wait(at - doing.now, whole=False)
    return f"the way alone opens {when}, in {left}: {_wait(doing.step.alone_after)} after it was asked"


def _wait(seconds: float, *, whole: bool = True) -> str:
    """Of what is long no seconds: "12m", "45s". ``whole``: of what passed; else what is left, of which none is left out."""
    apart = 3600.0 if seconds >= 7200 else 60.0 if seconds >= 60 else 1.0
    found = seconds // apart if whole else -(-seconds // apart)
    return write_duration(max(found, 0.0) * apart) if found > 0 else "0s"


def _nobody(doing: Doing) -> str:
    """Why nobody can be vouched for, "" where somebody can."""
    proofs, role = doing.means.proofs, doing.step.role
    vouches = _vouches(doing)
    if proofs is None or vouches is None:
        return "no server here stamps who approves ([store] url or approvals)"
    if not proofs.groups(role):
        key = "database" if vouches.stamped_by == "postgresql" else "groups"
        return f"nobody said which group {role} is: add [procedures.roles.{role}] {key}"
    return ""


def _vouches(doing: Doing) -> Vouches | None:
    proofs = doing.means.proofs
    return proofs.by(doing.run) if proofs is not None else None


def _server(doing: Doing) -> str:
    vouches = _vouches(doing)
    return vouches.stamped_by if vouches is not None else ""


def _starters(doing: Doing) -> tuple[str, ...]:
    """The names of who started it: as it was begun, as the server knows them, and the login that the shared store saw."""
    journal = doing.means.journals.journal(doing.run.id)
    stamped = journal.events[0].stamped if journal is not None and journal.events else ""
    return doing.run.by, doing.run.starter, stamped


def _unknown_starter(doing: Doing) -> str:
    """Why nobody counts as somebody else than who started it, "" where that is known, or not asked."""
    run = doing.run
    if not (doing.step.others and run.unvouched) or run.dry:
        return ""
    told = f"as whom the server knows who started it ({run.by}) is not known, so that nobody counts as somebody else"
    return f"{told}: {run.unvouched}; their terminal goes on asking"


def _later(step: Step) -> str:
    return f"{'alone, as it says there, or ' if step.alone else ''}once their terminal could ask"

"""A procedure of the playbook as its file says it: what starts it, its inputs and its steps. Plain data, no logic;
``tfdash.playbook.procedures`` reads the files and says what a run has come to."""

from __future__ import annotations

from enum import StrEnum

import msgspec

Pairs = tuple[tuple[str, str], ...]
"""(name, text) in the order of the file; a text may hold ``{input}``, which is the value of that input of the run."""


class StepKind(StrEnum):
    CHECK = "check"  # a probe: passed, failed, unknown; unknown never passes
    ACTION = "action"  # of the registry of actions, by its gate
    COMMAND = "command"  # of the allow-list, at a place
    MANUAL = "manual"  # a person does it and signs
    APPROVAL = "approval"  # people of a role, whom a server vouches for
    DECISION = "decision"  # a person chooses a branch
    WAIT = "wait"  # until a probe passes, a time comes, a window opens
    NOTIFY = "notify"
    PROCEDURE = "procedure"  # another procedure, begun for it as a run of its own: its good end is the end of the step
    GROUP = "group"  # its steps in parallel, or one after the other
    GATE = "gate"  # all probes must pass before anything behind it begins; passed otherwise only by a person with a reason


class OnFailure(StrEnum):
    STOP = "stop"  # nothing more is begun, beside it neither, until a person has said what becomes of it
    CONTINUE = "continue"  # as if it were done
    ASK = "ask"  # what stands behind it waits for a person; what stands beside it goes on


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One question to a probe of ``tfdash.playbook.procedures.probes: PROBES``, with its arguments."""

    probe: str
    arguments: Pairs = ()


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """What is chosen when a run begins. ``type`` is one of ``tfdash.playbook.procedures.inputs: INPUT_TYPES``."""

    id: str
    title: str
    type: str
    choices: tuple[str, ...] = ()
    default: str = ""
    optional: bool = False
    many: bool = False  # a list: a group may have its steps once ``each``
    elsewhere: bool = False  # a cluster, and not the one in which the run is carried out
    new: bool = False  # it need not exist yet


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to a decision; ``steps`` are the ids of the steps that are done only then. ``when``: what would tell for it,
    shown beside it with what the probes say; a person decides in any case."""

    id: str
    title: str
    steps: tuple[str, ...] = ()
    when: tuple[Ask, ...] = ()
    fails: bool = False  # what the run was for is given up by it: it comes to no good end


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step. Which fields belong to which kind is a table of ``tfdash.playbook.procedures.fields``; the others are empty.

    ``asks``: of a check, gate or wait. ``before`` and ``after``: pre- and postconditions; ``after`` is read before the step is
    offered ("already so") and settles what was left in the air, so that it must be false before our act and true by it alone
    where the step is not idempotent. Seconds everywhere.
    """

    id: str
    title: str
    kind: StepKind
    text: str = ""  # what a person reads: why, and how
    by_hand: str = (
        ""  # how a person does it where what it needs is not there or not configured; it is signed then
    )
    asks: tuple[Ask, ...] = ()
    before: tuple[Ask, ...] = ()
    after: tuple[Ask, ...] = ()
    again: bool = False  # of an action: done until ``after`` is so, each time as it then stands
    action: str = ""  # id of the registry
    subject: str = ""  # "Deployment {namespace}/{name}", "Node {node}", "{workload}"
    arguments: Pairs = ()  # of the action
    cluster: str = ""  # of an action: where it is done; "": in the run's own
    command: str = ""  # name in the allow-list of the configuration
    words: tuple[str, ...] = ()  # its arguments, whole; an input enters as one, and never begins with "-"
    place: str = "here"  # "here", "host NAME", "job CLUSTER", "pipeline NAME"
    evidence: tuple[str, ...] = ()  # what a signature needs: "note", "link", "file"
    role: str = ""  # whose approval, or who signs
    count: int = 1  # how many of them, all different
    others: bool = False  # not by who started the run
    alone: str = ""  # the way where nobody else is there, in words; "" = none (not within a recovery)
    alone_after: float = 0.0  # it opens so long after the approval was asked for; 0: at once
    branches: tuple[Branch, ...] = ()
    until: str = ""  # of a wait: a time, or "window release"
    lasts: float = 0.0  # of a wait: a span, or for how long its asks must hold without a break
    lasts_as: str = ""  # "{input}" of a time span, which ``lasts`` is once the run's inputs are put in
    begins: tuple[str, ...] = ()  # ids of procedures of which one is begun for it, on what the run holds
    message: str = ""  # name of a template of messages
    to: tuple[str, ...] = ()  # channels
    steps: tuple[Step, ...] = ()  # of a group
    parallel: bool = False
    each: str = ""  # of a group: an input that is a list; its steps once for each value, which is {each}
    needs: tuple[
        str, ...
    ] = ()  # of ``tfdash.playbook.procedures.needs: NEEDS``: "cluster", "metrics", "store" ...
    timeout: float = 0.0  # 0: none
    retries: int = 0  # of what is idempotent only
    retry_after: float = 10.0
    on_failure: OnFailure = OnFailure.STOP
    idempotent: bool = False  # may be done again by itself after it was cut off
    undo: tuple[Step, ...] = ()  # what takes it back, offered where the run is given up
    no_return: str = ""  # a point of no return: what can not be undone behind it, and what still can
    optional: bool = False  # skipped without a reason
    given: tuple[
        str, ...
    ] = ()  # inputs that may be left out: without each of them the step is no part of the run
    target: float = 0.0  # its share of the recovery time, 0: none
    tier: int = 0  # of a restore in order of priority; 0: none


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """When a procedure is proposed: what tells for it, what against it, and what it is mistaken for."""

    title: str = ""
    signs: tuple[Ask, ...] = ()
    against: tuple[Ask, ...] = ()
    alike: Pairs = ()  # (id of another procedure, how the two are told apart)
    loses: tuple[str, ...] = ()  # of ``NEEDS``: what this scenario takes away


class StatedTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Stakeholders hear of a run at the latest so long after the word before, by a message and through channels (() for all that take it)."""

    every: float
    message: str = "status"
    to: tuple[str, ...] = ()


class Procedure(msgspec.Struct, frozen=True, kw_only=True):
    """``digest`` is the SHA-256 of ``text``, the file as it stands (UTF-8); ``file`` names it, "" of one that ships."""

    id: str
    title: str
    steps: tuple[Step, ...]
    purpose: str = ""
    recovery: bool = False  # a runbook: on the Recovery screen, and each approval in it has a way alone
    urgent: bool = False  # never refused beside another run on the same target, only told of it: a rollback
    emergency: bool = False  # begun also where nobody can say as whom the server knows who starts it
    scenario: Scenario | None = None
    roles: Pairs = ()  # (name, what they do)
    inputs: tuple[Input, ...] = ()
    holds: tuple[str, ...] = ()  # subjects that nothing else may be done to meanwhile, as ``Step.subject``
    ready: tuple[Ask, ...] = ()  # what it would need, asked while nothing is wrong
    rto: float = 0.0  # seconds that it may take, 0: not said
    rpo: float = 0.0  # seconds that may be lost
    status: StatedTimes | None = None
    rehearse: float = 0.0  # a rehearsal is never older than this
    text: str = ""
    digest: str = ""
    file: str = ""
    replaces: str = ""  # digest of the shipped one that it stands for, by the same id

"""What an operator may do, what exactly would happen, and what came of it. Plain data; ``tfdash.actions`` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any

import msgspec

from tfdash.model.release import Fact
from tfdash.model.subject import Subject


class Risk(IntEnum):
    """How it is confirmed."""

    KEY = 0
    TYPED_NAME = 1
    TYPED_NAME_AND_REASON = 2
    SECOND_PERSON = 3


class FreezeRule(StrEnum):
    FROZEN = "frozen"  # by a closed calendar
    EXEMPT = "exempt"


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An action as it stands for one subject now: its key, and why not where it is refused (``refused`` "" = may)."""

    action: str  # id, e.g. "workload.rollback"
    title: str  # "noun: verb"
    key: str
    refused: str = ""
    refused_by: str = ""  # the id of the ``Check`` that refuses it, "" where it is none of the playbook's
    opens_at: float | None = None
    remedy: str = ""  # e.g. the YAML that would add the gate hook
    arguments: tuple[str, ...] = ()  # names of what may be given: "replicas", "revision"
    needed: tuple[str, ...] = ()  # those without which there is no plan
    about: tuple[str, ...] = ()  # what it would send and do, where no plan can be made that shows it

    @property
    def said_with(self) -> str:
        """The argument that is said behind its words: the one that it needs, else the only one; "" for none."""
        several = self.needed or self.arguments
        return several[0] if len(several) == 1 else ""


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A postcondition: id, words, and the seconds within which it must come true."""

    id: str
    text: str
    within: float = 600.0


KEEP = "KEEP"
"""The method of a request that nothing is sent for: what it names is read, and kept in a file of this machine."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request exactly as it will be sent. ``body`` is canonical JSON text."""

    method: str
    path: str
    body: str = ""
    content_type: str = "application/json"
    query: tuple[tuple[str, str], ...] = ()
    what: str = ""  # in words
    subject: Subject | None = None
    dry_run: bool = True  # whether a server dry run of it is possible
    argv: tuple[str, ...] = ()  # a command instead of a request (pipelines, kubectl)
    after: Post | None = (
        None  # sent only once this is seen, after what comes before it; never sent where it is not
    )
    alone: bool = False  # one of many: refused, it holds up only what else is sent to its subject
    unless: Post | None = None  # not sent where this is seen by then: it is not needed any more


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the plan offers on top, e.g. to suspend the GitOps reconciliation first. ``unsure``: why it may not hold."""

    id: str
    text: str
    unsure: str = ""
    chosen: bool = False
    requests: tuple[Request, ...] = ()


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of the playbook that a plan goes past: "calendar", "second-person", "verdict"; and what that rule says now."""

    id: str
    text: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Shown, confirmed and executed; never anything else. ``digest`` is SHA-256 over all that is sent and what it rests on,
    without the words that are shown, and what an approval binds to. ``asked`` is what the operator chose, where
    ``subject`` is what carries its release. Times in epoch seconds.
    """

    id: str
    action: str
    title: str
    subject: Subject
    effect: str  # one sentence
    requests: tuple[Request, ...]
    facts: tuple[Fact, ...] = ()
    before: str = ""
    after: str = ""
    diff: tuple[str, ...] = ()  # "- old", "+ new", "  same"
    skips: tuple[str, ...] = ()
    not_reverted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    posts: tuple[Post, ...] = ()
    risk: Risk = Risk.TYPED_NAME
    freeze: FreezeRule = FreezeRule.EXEMPT
    promotes: bool = False  # it moves a version on, so the verdict on that is asked
    typed: str = ""  # what must be typed
    arguments: tuple[tuple[str, str], ...] = ()
    policy: str = ""  # digest of the policies it was made under
    asked: Subject | None = None
    waives: tuple[Waiver, ...] = ()
    digest: str = ""
    made_at: float = 0.0
    expires_at: float = 0.0


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the guard: passed True, refused False, not known None."""

    id: str  # "identity", "right", "policy", "dry-run", "facts", "lock", "store", "approval"
    text: str
    passed: bool | None
    opens_at: float | None = None


class Guarded(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with what the guard says of it now."""

    plan: Plan
    checks: tuple[Check, ...]
    refused: str = ""  # the sentence, "" where it may be confirmed
    changed: tuple[str, ...] = ()  # facts that differ from the plan before this one

    @property
    def allowed(self) -> bool:
        return not self.refused


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator gave. ``approval`` names the approval that was consumed, where a second person is needed.
    ``together``: the digests of all plans that were confirmed by the same word, this one among them; none: this alone. ``run``: the
    step of a run that it is done for, "RUN/STEP/ATTEMPT"."""

    plan_digest: str
    typed: str = ""
    reason: str = ""
    choices: tuple[str, ...] = ()
    approval: str = ""
    together: tuple[str, ...] = ()
    extra: bool = False  # the further confirmation that a promotion without PASS needs
    run: str = ""


class Result(StrEnum):
    """``UNKNOWN``: sent, and no answer: never tried again, settled by reading."""

    APPLIED = "applied"
    REFUSED = "refused"
    NOT_APPLIED = "not applied"
    FAILED = "failed"
    UNKNOWN = "unknown outcome"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What the runner tells while it works and afterwards; each replaces the one before."""

    plan: Plan
    stage: str  # "checking", "recording", "sending", "verifying", "done"
    result: Result | None = None
    sentence: str = ""
    posts: tuple[tuple[Post, bool | None], ...] = ()
    items: tuple[tuple[str, str], ...] = ()  # (item, outcome) of a drain or a bulk action
    entry: str = ""  # id of the audit entry, "" = UNRECORDED
    journal: bool = False  # what is done is itself the entry of the audit log

    @property
    def unseen(self) -> bool:
        """It is over and was applied, and what was to come of it was not all seen."""
        applied = self.stage == "done" and self.result is Result.APPLIED
        return applied and any(held is not True for _, held in self.posts)


Arguments = Mapping[str, Any]

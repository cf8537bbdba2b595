"""What a rule is: whom it judges, what it needs and uses for that, and the one function that says what is so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from tfdash.model.kube import Object
from tfdash.model.release import ReleaseState
from tfdash.model.room import NodeRoom
from tfdash.model.rotation import Rotation
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.model.workload import WorkloadState
from tfdash.nouns import plural
from tfdash.playbook.policies import Policies
from tfdash.playbook.seen import Look
from tfdash.playbook.staleness import NOT_ASKED, Unread
from tfdash.text import fault, safe

T_co = TypeVar("T_co", bound=Object, covariant=True)


RuleState: TypeAlias = WorkloadState | ReleaseState | NodeRoom | Rotation
StateType: TypeAlias = type[WorkloadState] | type[ReleaseState] | type[NodeRoom] | type[Rotation]


class RuleResult(NamedTuple):
    """What a rule says of one subject: verdicts, and a state of it that screens and other rules read."""

    verdicts: tuple[Verdict, ...] = ()
    state: RuleState | None = None


class Case(Look, Protocol[T_co]):
    """One subject before a rule. Objects are had by ``Look`` alone, and only of the kinds that the rule names."""

    @property
    def subject(self) -> Subject: ...

    @property
    def obj(self) -> T_co:
        """The subject's own object."""

    @property
    def policies(self) -> Policies: ...

    @property
    def now(self) -> float: ...

    def rooms(self) -> Iterator[NodeRoom]:
        """What is free on each node, in any order, where nodes and pods are known. The answer rests on as many of them as were
        taken: who has found room enough looks at no more."""

    def reached(self, at: float) -> bool:
        """Whether ``at`` (epoch seconds) has come; if not, the subject is judged again then though nothing changed."""


@dataclass(frozen=True)
class Rule:
    """One line of the table that the judge runs (``tfdash.playbook.registry``).

    ``judges``: the kinds of its subjects, and so of ``Case.obj``. ``needs``: kinds without which there is no verdict but a named UNKNOWN.
    ``uses``: kinds without which less is said. ``tells``: the state that it says besides verdicts; ``hears``: those of other rules
    that it reads. ``judge`` is pure, and None is said of what is none of its business; where ``whom`` says so of an object, it is
    not even asked.
    """

    id: str
    judges: tuple[type[Object], ...]
    judge: Callable[[Case[Any]], RuleResult | None]
    needs: tuple[type[Object], ...] = ()
    uses: tuple[type[Object], ...] = ()
    whom: Callable[[Any], bool] | None = None
    tells: StateType | None = None
    hears: tuple[StateType, ...] = ()

    def asks(self, obj: Object | None) -> bool:
        """Whether it may have something to say of an object of a kind that it judges."""
        if obj is None or self.whom is None:
            return obj is not None
        return not isinstance(obj, self.judges) or self.whom(obj)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """All that it may look at."""
        looked_at: tuple[type[Object], ...] = (*self.judges, *self.needs, *self.uses)
        return frozenset(kind.KIND for kind in looked_at)

    @cached_property
    def needed(self) -> frozenset[str]:
        """The kinds without which it says nothing, that of its subjects among them."""
        needed: tuple[type[Object], ...] = (*self.judges, *self.needs)
        return frozenset(kind.KIND for kind in needed)

    @cached_property
    def needs_besides(self) -> frozenset[str]:
        return frozenset(kind.KIND for kind in self.needs)

    def declared(self, kind: type[Object]) -> None:
        """Raises LookupError where the rule looks at a kind that it does not name."""
        if kind.KIND not in self.kinds:
            raise LookupError(f"rule {self.id} looks at {kind.KIND} and does not say so")

    def declared_to_hear(self, state: StateType) -> None:
        """Raises LookupError where the rule reads another's word and does not say so."""
        if state not in self.hears:
            raise LookupError(f"rule {self.id} hears a {state.__name__} and does not say so")

    def speaks(self, verdict: str) -> bool:
        """Whether verdicts of that id are its own: some rules say several things (``resources.band.cpu``)."""
        return verdict == self.id or verdict.startswith(f"{self.id}.")

    def failed(self, subject: Subject, error: Exception) -> RuleResult:
        """What is said of a subject for which the rule itself went wrong."""
        sentence = f"{subject.name}: rule {self.id} failed: {fault(error)}"
        return RuleResult((self._unknown(subject, UnknownKind.QUERY_ERROR, sentence),))

    def unreadable(self, subject: Subject, field: str) -> RuleResult:
        """What is said of a subject of which a value could not be read."""
        sentence = f"{subject.name}: unreadable: {safe(field)}"
        return RuleResult((self._unknown(subject, UnknownKind.QUERY_ERROR, sentence),))

    def _unknown(self, subject: Subject, kind: UnknownKind, sentence: str, doubt: str = "") -> Verdict:
        return Verdict(
            level=Level.UNKNOWN, rule=self.id, subject=subject, sentence=sentence, unknown=kind, doubt=doubt
        )

    def blind(self, subject: Subject, kind: type[Object], why: Unread) -> RuleResult:
        """What is said where a kind that it needs is not known."""
        sentence = f"{subject.name}: {plural(kind.KIND)} are not known: {why.cause}"
        unknown = UnknownKind.LOADING if why == NOT_ASKED else why.unknown  # what is needed will be asked for
        return RuleResult((self._unknown(subject, unknown, sentence, why.cause),))

"""What an action's maker gets: the subject as it stands, fresh reads through the board, and what the operator gave."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_digest import STAMP
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.action import Plan
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.requests import Document
from tfdash.model.store_state import VerifiedGood
from tfdash.model.subject import Subject


class BoardReader(Protocol):
    """What is asked of the board."""

    picture: Picture
    assessment: Assessment

    async def read(self, subject: Subject) -> Document: ...

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]: ...


class PlanContext:
    """One context. ``at`` is the object that is acted on: the subject, or the carrier of its release. ``derive`` makes the
    plan that an approval is asked for once more, from the live object."""

    def __init__(
        self,
        board: BoardReader,
        standing: Standing,
        at: Subject,
        arguments: Mapping[str, Any],
        policy: ActionPolicy,
        now: float,
        derive: Callable[[Plan], Awaitable[Plan]] | None = None,
    ) -> None:
        self._derive = derive
        self.board, self.standing, self.at = board, standing, at
        self.arguments, self.policy, self.now = arguments, policy, now
        self.picture, self.assessment = board.picture, board.assessment
        self.documents: dict[Subject, dict[str, Any]] = {}  # what was read, by subject without uid

    async def document(self, subject: Subject) -> dict[str, Any]:
        """The object now. Raises ``ReadFailed``."""
        found = (await self.board.read(subject)).document
        self.documents[subject._replace(uid="")] = found
        return found

    async def children(self, subject: Subject, kind: str) -> list[dict[str, Any]]:
        return [d.document for d in await self.board.read_children(subject, kind)]

    def found(self, document: Mapping[str, Any], subject: Subject | None = None) -> Subject:
        """The subject with the uid that was read."""
        return (subject or self.at)._replace(uid=str(document.get("metadata", {}).get("uid", "")))

    async def derived(self, proven: Plan) -> Plan:
        """``proven`` with the words that this terminal has for it. Raises ``PlanRefused`` where it cannot say them, or where
        they would be those of another plan."""
        if self._derive is None:
            raise PlanRefused("plans of others cannot be made anew here")
        return await self._derive(proven)

    @property
    def zone(self) -> ZoneInfo:
        """In which times are told."""
        return self.policy.zone

    @property
    def stamp(self) -> str:
        """The time to write, RFC 3339: the one of the plan before, where this is a refresh."""
        given = self.arguments.get(STAMP)
        return str(given) if given else datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def verified(self) -> VerifiedGood | None:
        """What is remembered of the workload as last verified good; what only a cluster claims is no target."""
        wanted = {self.at._replace(uid=""), self.standing.subject}
        if self.standing.release is not None and self.standing.release.workload is not None:
            wanted.add(self.standing.release.workload._replace(uid=""))
        for subject, good in self.picture.store_state.verified.items():
            if subject._replace(uid="") in wanted and good.template and good.where == "store":
                return good
        return None

    def number(self, name: str) -> int | None:
        """A whole number that the operator gave. Raises ``PlanRefused``."""
        value = self.arguments.get(name)
        if value is None or value == "":
            return None
        try:
            return int(str(value))
        except ValueError:
            raise PlanRefused(f"{name}: {value!r} is not a whole number") from None

    def yes(self, name: str) -> bool:
        return str(self.arguments.get(name, "")).lower() in ("true", "yes", "1")

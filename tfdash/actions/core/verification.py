"""Whether an action had its effect: its postconditions, false before it and all of them true at one look after it.

A postcondition that held before proves nothing: where all of them did, nothing is verified. One that came true and is not so
any more was undone by somebody, who is named where the object says it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from tfdash.actions.core.executor import Executor
from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts, parts_of
from tfdash.model.action import Plan, Post
from tfdash.model.picture import Picture
from tfdash.model.requests import ReadFailed

_LOOK_EVERY = 1.0  # seconds between two looks
_UNREAD = 30.0  # seconds for which what cannot be read at all is looked at again, though its time is over
States = tuple[tuple[Post, bool | None], ...]
"""Each postcondition: True seen, False not in its time, None not yet."""


def _state(held: bool | None, over: bool, patient: bool, undone: bool) -> bool | None:
    if held:
        return True
    return False if undone or (over and (held is False or not patient)) else None


class PictureHolder(Protocol):
    """What is asked of the board."""

    picture: Picture


class Verified(NamedTuple):
    """How it ended. ``good``: all of it was seen, and some of it was not so before."""

    good: bool
    sentence: str
    states: States


class Verification:
    """Of one plan. ``known`` are the postconditions that its action may name, by id."""

    def __init__(
        self, plan: Plan, executor: Executor, board: PictureHolder, known: Mapping[str, Postcondition]
    ) -> None:
        self._plan, self._executor, self._board, self._known = plan, executor, board, known
        self.before: dict[str, bool] = {}  # by a post's id: whether it held before anything was sent

    async def look_before(self) -> None:
        """What holds before anything is sent; what cannot be read does not hold."""
        for post in self._plan.posts:
            self.before[post.id] = bool(await self._holds(post, 0.0))

    async def follow(
        self, since: float, show: Callable[[States], object], *, waited: float = 0.0
    ) -> Verified:
        """Look until all of it holds at once, or cannot any more. ``since``: when it was sent, epoch seconds; ``waited``:
        seconds of its time that are over already."""
        looking = time.monotonic()
        begun = looking - waited
        seen, shown = set[str](), None
        while True:
            held = {p.id: await self._holds(p, since) for p in self._plan.posts}
            over = time.monotonic() - begun
            undone = self._undone(held, seen)
            seen |= {i for i, holds in held.items() if holds}
            patient = time.monotonic() - looking < _UNREAD
            states = tuple(
                (p, _state(held[p.id], over > p.within, patient, p.id in undone)) for p in self._plan.posts
            )
            if undone:
                return await self._ended(states, undone)
            if all(state is not None for _, state in states):
                return await self._ended(states, ())
            if states != shown:
                show(states)
                shown = states
            await asyncio.sleep(_LOOK_EVERY)

    def _undone(self, held: Mapping[str, bool | None], seen: set[str]) -> tuple[str, ...]:
        return tuple(
            p.id
            for p in self._plan.posts
            if p.id in seen and held[p.id] is False and self._known[parts_of(p)[0]].lasts
        )

    async def _ended(self, states: States, undone: tuple[str, ...]) -> Verified:
        wrote = await self._wrote()
        missed = [p.text for p, state in states if not state and p.id not in undone]
        if undone:
            who = f" by {wrote}" if wrote else ""
            texts = "; ".join(p.text for p, _ in states if p.id in undone)
            return Verified(False, f"UNDONE{who}: no longer so: {texts}", states)
        if missed:
            last = f"; written last by {wrote}" if wrote else ""
            return Verified(False, f"NOT seen in time: {'; '.join(missed)}{last}", states)
        texts = "; ".join(p.text for p, _ in states)
        if states and all(self.before.get(p.id) for p, _ in states):
            unproven = tuple((p, False) for p, _ in states)
            return Verified(False, f"NOT verified, it was so before: {texts}", unproven)
        return Verified(True, f"seen: {texts}{f'; written by {wrote}' if wrote else ''}", states)

    async def _wrote(self) -> str:
        """Who else wrote last what the plan is about; "" where that is us, and where nothing says it."""
        try:
            document = await self._executor.document(self._plan.subject)
        except ReadFailed:
            return ""
        return self._executor.wrote(self._plan, document) if document is not None else ""

    async def _holds(self, post: Post, since: float) -> bool | None:
        """None where it cannot be read now; it may be in a second."""
        name, value = parts_of(post)
        known = self._known[name]
        try:
            document = await self._executor.document(self._plan.subject)
            other = known.other(self._plan, value)
            second = await self._executor.document(other) if other is not None else None
        except ReadFailed:
            return None
        return known.holds(
            PostconditionFacts(self._plan, document, self._board.picture, since, second), value
        )

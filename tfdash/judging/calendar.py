"""What the release calendar says, and when it says something else."""

from __future__ import annotations

import msgspec

from tfdash.model.calendar import CalendarState
from tfdash.model.picture import Change, Picture
from tfdash.model.store_state import BreakGlass
from tfdash.playbook.schedule import CalendarPolicy, calendar_state
from tfdash.playbook.schedule.feeds import in_force


class CalendarRunner:
    """``state`` is None until the first ``assess``."""

    def __init__(self, policy: CalendarPolicy) -> None:
        self._policy = policy
        self.state: CalendarState | None = None
        self._due: float | None = None

    def due_at(self) -> float | None:
        return self._due

    def assess(self, picture: Picture, change: Change, now: float) -> bool:
        """Look again where it may say something else; True where it does."""
        infos = any(kind == "" for _, kind in change.freshness)
        due = self._due is None or self._due <= now
        if not (due or infos or fed(change) or change.store is None or "break_glass" in change.store):
            return False
        skews = [
            (c.info.value.skew, ref.cluster)
            for ref, c in picture.clusters.items()
            if c.info.value is not None and c.info.value.skew is not None
        ]
        skew, where = max(skews, key=lambda pair: abs(pair[0]), default=(None, ""))
        waived = next((_words(b) for b in picture.store_state.break_glass.values() if b.until > now), "")
        told = calendar_state(
            in_force(self._policy, picture.signals.feeds), now, skew=skew, cluster=where, waived=waived
        )
        other = self.state is None or msgspec.structs.replace(told, at=self.state.at) != self.state
        if other:
            self.state = told
        edges = [told.closes_at, told.opens_at, told.finish_until, told.freeze.end if told.freeze else None]
        edges += [slot.start for slot in told.next[:1]]
        edges += [b.until for b in picture.store_state.break_glass.values()]
        self._due = min((t for t in edges if t is not None and t > now), default=now + 3600.0)
        return other


def fed(change: Change) -> bool:
    """Whether a feed of the calendar says something else."""
    return change.signals is None or any(topic == "feeds" for topic, _ in change.signals)


def _words(glass: BreakGlass) -> str:
    return f"break-glass by {glass.by}: {glass.reason}"

"""Tab 2: workloads with state and cause, and under them a panel about the one under the cursor."""

from __future__ import annotations

from time import monotonic

from screens.lists.list_screen import ListScreen
from screens.pages.workloads.recent_revisions import Recent
from tfdash.model.kubecluster import Event
from tfdash.model.release import ReleaseState
from tfdash.model.workload import WorkloadState
from tfdash.text import safe
from tfdash.views import sections
from tfdash.views import state as states
from tfdash.views.age import short_age, since
from tfdash.views.rows import RowKey
from tfdash.views.table import Cell
from widgets.panel import Piece, PieceLine

_LOOK = 2.0  # seconds between two looks through the events
_RECENTLY = 600.0  # seconds of events that the panel speaks of


class WorkloadsScreen(ListScreen):
    """A list with a panel; ``t`` hides it, a short terminal does so by itself."""

    PANEL = 6

    def on_mount(self) -> None:
        self._recent = Recent(self.shell, self._show_detail)
        self._warned: tuple[RowKey | None, object, float, list[Event]] = (None, None, 0.0, [])

    def says(self) -> list[Cell]:
        """The two sections of the page; of the namespaces that it shows, where it does not show all."""
        board = self.shell.board
        found, names = board.assessment.sections, self.restriction.namespaces
        if names is not None and found:
            from tfdash.judging.narrowed import sections_within  # nothing was judged before the first frame

            found = sections_within(board.picture, board.assessment, names)
        return sections.said(found, "serving", "releases")

    def detail(self, row: RowKey) -> tuple[str, list[PieceLine]]:
        state = self.shell.board.assessment.workloads.get(row.subject)
        now = self.shell.now()
        asks = sections.asked(self.shell.board.assessment, row.subject, now, "w: why")
        title = f"{safe(row.key.name)} · {row.kind} in {safe(row.key.namespace)}{asks}"
        if state is None:
            return title, [
                *_released(self.shell.board.assessment.releases.get(row.subject)),
                self._events(row, now),
            ]
        return title, [
            *_said(state, now),
            *self._recent.lines(state, now),
            _guards(state),
            self._events(row, now),
        ]

    def _events(self, row: RowKey, now: float) -> list[Piece]:
        """The newest warning about it, and how many."""
        mine = self._warnings(row, now)
        if not mine:
            return [Piece("  events   ", "tok-dim"), Piece("no warning in 10m", "tok-dim")]
        newest = max(mine, key=lambda e: e.last_seen)
        more = f", {len(mine)} warnings in 10m" if len(mine) > 1 else ""
        text = f"{newest.reason}: {newest.message}"
        age = short_age(now - newest.last_seen)
        return [
            Piece("  events   ", "tok-dim"),
            Piece("▲ ", "tok-warn"),
            Piece(f"{age} ago{more}  ", "tok-dim"),
            Piece(safe(" ".join(text.split()))),
        ]

    def _warnings(self, row: RowKey, now: float) -> list[Event]:
        """Of the workload and of what is named after it. A big cluster has ten thousand events, which change all the
        time: they are looked through every other second at most."""
        events = self.shell.board.picture.clusters[row.cluster].objects("Event")
        about, seen, until, found = self._warned
        if about == row and (seen is events or monotonic() < until):
            return found
        name, namespace = row.key.name, row.key.namespace
        found = [
            e
            for key, e in events.items()
            if key.namespace == namespace
            and isinstance(e, Event)
            and e.type == "Warning"
            and now - e.last_seen < _RECENTLY
            and (e.involved_name == name or e.involved_name.startswith(f"{name}-"))
        ]
        self._warned = (row, events, monotonic() + _LOOK, found)
        return found


def _released(release: ReleaseState | None) -> list[PieceLine]:
    """What carries its release itself: how it stands, and its own word."""
    if release is None:
        return [[Piece("  ? not judged yet", "tok-unknown")]]
    serving, phase = states.of_rollout(release)
    first = [
        Piece("  "),
        Piece(serving.text, f"tok-{serving.token}"),
        Piece(f"  {safe(release.served)}    "),
        Piece(phase.text, f"tok-{phase.token}"),
        Piece("    3: its steps and its verdict", "tok-dim"),
    ]
    return [first, [Piece("  "), Piece(safe(release.message), "tok-dim")]]


def _said(state: WorkloadState, now: float) -> list[PieceLine]:
    """How it stands, and why."""
    serving, release = states.serving(state), states.release(state)
    began = since(state.changed_at or state.created, now)
    first = [
        Piece("  "),
        Piece(serving.text, f"tok-{serving.token}"),
        Piece(f"  {state.available} of {state.desired} available    "),
        Piece(release.text, f"tok-{release.token}"),
        Piece(f"  revision {safe(state.revision) or '?'}, {began} ago"),
        Piece(f"    {state.restarts} restarts" if state.restarts else "", "tok-dim"),
    ]
    if state.cause is None:
        return [first, [Piece("  "), Piece(safe(state.said or state.message), "tok-dim")]]
    cause = [Piece(f"  {state.cause.code.value}: ", "tok-bright"), Piece(safe(state.cause.sentence))]
    if state.cause.others:
        cause.append(Piece(f"; also {safe('; '.join(state.cause.others))}", "tok-dim"))
    return [first, cause]


def _guards(state: WorkloadState) -> list[Piece]:
    """Who decides its size, and how many pods may be away."""
    line = [Piece("  size     ", "tok-dim")]
    if state.scaled_by is None:
        line.append(Piece("no hpa in charge", "tok-dim"))
    else:
        hpa = state.scaled_by
        by = f" by {safe(hpa.metric)}" if hpa.metric else ""
        line.append(Piece(f"hpa {hpa.minimum} ≤ {hpa.desired} ≤ {hpa.maximum}{by}"))
        if hpa.limited:
            line.append(Piece("  ▲ at its limit", "tok-warn"))
        if hpa.problem:
            line.append(Piece(f"  ▲ {safe(hpa.problem)}", "tok-warn"))
    if state.disruption is None:
        line.append(Piece("    no pdb", "tok-dim"))
    else:
        away = state.disruption.allowed
        line.append(Piece(f"    pdb {away} may be away", "" if away else "tok-warn"))
    return line

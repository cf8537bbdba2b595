"""Logs: of one container, or of all pods of a workload merged, followed, searched, saved."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.frame.board_screen import BoardScreen
from screens.pages.logs.streams import Streams
from tfdash.model.kube import Pod
from tfdash.model.requests import LogLine, LogRequest
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.sources.base import Scope
from tfdash.text import safe
from tfdash.views.filter import NO_FILTER, Filter
from tfdash.views.scope import Restriction
from tfdash.views.table import Cell
from tfdash.views.times import local
from widgets.loglines import ViewerLine
from widgets.logview import LogView

_FAILED = re.compile("lost|cannot be read")
_MOST = 20  # streams at once: more than this are said, not opened
_TAIL = 2000  # lines from a log's end, of all its streams together
_LEAST = 50  # lines asked for of each of many streams
_HEAD = 256 * 1024  # bytes of a log's beginning, of all its streams together


class Reach(NamedTuple):
    """How far back a log is read. ``seconds`` None: ``lines`` from its end, or with ``head`` from its beginning."""

    words: str
    seconds: int | None = None
    head: bool = False


REACHES = (
    Reach("tail"),
    Reach("head", head=True),
    Reach("last minute", 60),
    Reach("last 5 minutes", 300),
    Reach("last 15 minutes", 900),
    Reach("last 30 minutes", 1800),
    Reach("last hour", 3600),
)
"""By digit, as k9s has them."""


class LogScreen(BoardScreen):
    """``subject`` is a pod or a workload. ``[`` and ``]`` choose the container, ``p`` the previous run."""

    filterable = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "right_square_bracket", "container(1)", "container", id="logs.next_container", key_display="]"
        ),
        Binding(
            "left_square_bracket",
            "container(-1)",
            "container before",
            id="logs.container",
            show=False,
            key_display="[",
        ),
        Binding("p", "previous", "previous run", id="logs.previous"),
        *(
            Binding(
                str(digit),
                f"reach({digit})",
                "how far back" if not digit else r.words,
                id=f"logs.reach_{digit}",
                show=not digit,
                key_display="0-6" if not digit else str(digit),
            )
            for digit, r in enumerate(REACHES)
        ),
    ]

    def __init__(self, subject: Subject, previous: bool = False, container: str = "") -> None:
        super().__init__()
        self.subject, self.previous, self.container = subject, previous, container
        self._containers: list[str] = []
        self._streams = Streams(lambda: self.shell, self._show)
        self._opened: set[tuple[str, str, str]] = set()  # pod, uid, container
        self._left_out = 0
        self._waiting = False
        self._reach = REACHES[0]

    @property
    def crumb(self) -> str:
        return f"Logs {safe(self.subject.name)}"

    def body(self) -> ComposeResult:
        where = f"{safe(self.subject.namespace)}/{safe(self.subject.name)}"
        yield LogView(title=f"{self.subject.kind} {where}", limit=self.shell.context.ui.log_lines, id="body")

    def wants(self) -> dict[str, Scope]:
        scope = Scope((self.subject.namespace,))
        return {
            "Pod": scope,
            **({"ReplicaSet": scope} if self.subject.kind in ("Deployment", "Rollout") else {}),
        }

    def says(self) -> list[Cell]:
        said: list[Cell] = [(safe(self.container) or "all containers", "accent")]
        if self.previous:
            said.append(("‖ previous run", "paused"))
        if self._reach is not REACHES[0]:
            said.append((self._reach.words, "accent"))
        if len(self._opened) != 1 or self._left_out:
            more = f" of {len(self._opened) + self._left_out}" if self._left_out else ""
            said.append((f"{len(self._opened)}{more} streams", "warn" if self._left_out else "dim"))
        return said

    @property
    def view(self) -> LogView:
        return self.query_one("#body", LogView)

    # -- streams ------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        self._open_new()

    def take(self, update: Update) -> None:
        """Pods that came are followed too."""
        if (self.subject.cluster, "Pod") in update.change.keys:
            self._open_new()

    def on_unmount(self) -> None:
        self._streams.close()

    def _pods(self) -> list[Pod]:
        cluster = self.shell.board.picture.clusters[self.subject.cluster]
        objects = cluster.objects("Pod")
        if self.subject.kind == "Pod":
            found = objects.get(self.subject.key)
            return [found] if isinstance(found, Pod) else []
        match = Restriction(owner=self.subject).match(cluster)
        return [p for p in objects.values() if isinstance(p, Pod) and match is not None and match(p)]

    def _wanted(self, pods: list[Pod]) -> list[tuple[Pod, str]]:
        """Every container that is asked for; init containers and ended runs only where they are named."""
        wanted = []
        for pod in pods:
            for c in pod.containers:
                if (self.container and c.name == self.container) or (
                    not self.container and (not c.init or c.sidecar)
                ):
                    wanted.append((pod, c.name))
        return wanted

    def _open_new(self) -> None:
        pods = self._pods()
        if not pods:
            if not self._waiting:
                self._waiting = True
                known = "left" if self._opened else "known yet"
                self.view.say(f"no pod of {safe(self.subject.name)} is {known}")
            return
        self._waiting = False
        self._containers = list(dict.fromkeys(c.name for p in pods for c in p.containers))
        wanted = self._wanted(pods)
        fresh = [(p, c) for p, c in wanted if (p.name, p.uid, c) not in self._opened]
        there = {(p.name, p.uid, c) for p, c in wanted}
        self._opened &= there
        room = _MOST - len(self._opened)
        self._left_out = max(0, len(fresh) - room)
        most = self.shell.context.ui.log_lines  # as many as are kept
        if self._reach.seconds is None:
            most = min(most, _TAIL)
        tail = max(_LEAST, most // max(1, min(len(wanted), _MOST)))
        for pod, container in fresh[: max(0, room)]:
            self._opened.add((pod.name, pod.uid, container))
            self.view.ended = False
            subject = Subject(self.subject.cluster, "Pod", pod.namespace, pod.name, pod.uid)
            request = LogRequest(
                pod=subject,
                container=container,
                previous=self.previous,
                tail=None if self._reach.head else tail,
                follow=not self.previous and not self._reach.head,
                since_seconds=self._reach.seconds,
                limit_bytes=_HEAD // max(1, min(len(wanted), _MOST)) if self._reach.head else None,
            )
            several = sum(not c.init or c.sidecar for c in pod.containers) > 1 and not self.container
            self._streams.open(request, safe(f"{pod.name}/{container}" if several else pod.name))
        self.refresh_bars()

    def _restart(self) -> None:
        self._streams.close()
        self._opened.clear()
        self._waiting = self.view.ended = False
        self.view.clear()
        self._open_new()
        self.refresh_bars()

    def _show(self, lines: list[tuple[str, LogLine]]) -> None:
        if self.is_mounted:
            self.view.ended = not self._streams.open_now
            self.view.append([self._line(source, line) for source, line in lines])

    def _line(self, source: str, line: LogLine) -> ViewerLine:
        if line.note:
            name = f"{source}: " if len(self._opened) > 1 else ""
            return ViewerLine(
                f"{name}{safe(line.text)}", mark="lost" if _FAILED.search(line.text) else "note"
            )
        stamp = full = ""
        if line.time is not None:
            at = local(line.time, self.shell.zone)
            stamp, full = f"{at:%H:%M:%S}", at.isoformat(timespec="milliseconds")
        return ViewerLine(line.text, source, stamp, full=full, colours=line.colours)

    # -- keys ---------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "container":
            return len(self._containers) > 1
        return super().check_action(action, parameters)

    def action_container(self, by: int) -> None:
        """The next one; after the last all of them together."""
        names = ["", *self._containers]
        at = names.index(self.container) if self.container in names else 0
        self.container = names[(at + by) % len(names)]
        self._restart()

    def action_previous(self) -> None:
        self.previous = not self.previous
        self._restart()

    def action_reach(self, digit: int) -> None:
        self._reach = REACHES[digit]
        self._restart()

    def apply_filter(self, wanted: Filter) -> str:
        self.view.set_filter(wanted)
        if not wanted.empty and wanted.kind in ("text", "regex") and not wanted.inverse:
            self.view.search(wanted.text)
        else:
            self.view.search("")
        return ""

    @property
    def filter(self) -> Filter:
        return self.view.filter if self.is_mounted else NO_FILTER

    def on_log_view_save_requested(self, event: LogView.SaveRequested) -> None:
        text = "\n".join(event.view.plain())
        lines = f"{event.view.row_count:,} lines"
        if event.copy:
            self.shell.copy_text(text, lines)
            return
        name = "".join(c if c.isalnum() or c in "-." else "_" for c in self.subject.name)
        path = Path.cwd() / f"{name}-{local(self.shell.now(), self.shell.zone):%Y%m%dT%H%M%S%z}.log"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(text + "\n")
        except OSError as error:
            self.shell.tell(f"{path} cannot be written: {error.strerror}", "warning")
            return
        self.shell.tell(f"saved {lines} to {path}")

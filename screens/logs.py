"""Logs: of one container, or of all pods of a workload merged, followed, searched, saved."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.base import BoardScreen
from screens.copying import copy_text
from tfdash.model.kube import Pod
from tfdash.model.requests import LogLine as Line
from tfdash.model.requests import LogRequest, ReadFailed
from tfdash.model.subject import Subject
from tfdash.sources.base import Scope
from tfdash.text import safe
from tfdash.views.filter import NO_FILTER, Filter, FilterError
from tfdash.views.scope import Restriction
from tfdash.views.table import Cell
from tfdash.views.times import local
from widgets.logview import LogLine, LogView

_MOST = 20  # streams at once: more pods than this are said, not opened


class LogScreen(BoardScreen):
    """``subject`` is a pod or a workload. ``[`` and ``]`` choose the container, ``p`` the previous run."""

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
    ]

    def __init__(self, subject: Subject, previous: bool) -> None:
        super().__init__()
        self.subject, self.previous = subject, previous
        self._containers: list[str] = []
        self._chosen = -1  # -1: all containers of the pod that are not init containers
        self._cancels: list[Callable[[], None]] = []
        self._generation = 0
        self._filter = ""
        self._streams = 0

    @property
    def crumb(self) -> str:
        return f"Logs {safe(self.subject.name)}"

    def body(self) -> ComposeResult:
        yield LogView(
            title=f"{self.subject.kind} {safe(self.subject.name)}", limit=self.tf.context.log_lines, id="body"
        )

    def wants(self) -> dict[str, Scope]:
        scope = Scope((self.subject.namespace,))
        return {"Pod": scope, **({"ReplicaSet": scope} if self.subject.kind == "Deployment" else {})}

    def says(self) -> list[Cell]:
        which = "all containers" if self._chosen < 0 else safe(self._containers[self._chosen])
        said: list[Cell] = [(f"{self._streams} streams", "dim")] if self._streams != 1 else []
        if self.previous:
            said.append(("previous run", "paused"))
        return [(which, "accent"), *said]

    def on_mount(self) -> None:
        self._open()

    def on_unmount(self) -> None:
        self._close()

    def _pods(self) -> list[Pod]:
        picture = self.tf.board.picture
        objects = picture.clusters[self.subject.cluster].objects("Pod")
        if self.subject.kind == "Pod":
            found = objects.get(self.subject.key)
            return [found] if isinstance(found, Pod) else []
        match = Restriction(owner=self.subject).match(picture.clusters[self.subject.cluster])
        return [p for p in objects.values() if isinstance(p, Pod) and match is not None and match(p)]

    def _close(self) -> None:
        self._generation += 1
        for cancel in self._cancels:
            cancel()
        self._cancels = []

    def _open(self) -> None:
        """Open every stream that is wanted now."""
        self._close()
        view = self.query_one("#body", LogView)
        pods = self._pods()
        if not pods:
            view.say(f"no pods of {safe(self.subject.name)} are known yet; waiting for the list", "note")
            self.set_timer(0.5, self._retry)
            return
        self._containers = list(dict.fromkeys(c.name for p in pods for c in p.containers))
        wanted = []
        for pod in pods:
            names = [c.name for c in pod.containers if self._chosen >= 0 or not c.init or c.sidecar]
            chosen = [n for n in names if self._chosen < 0 or n == self._containers[self._chosen]]
            wanted += [(pod, name) for name in chosen]
        if len(wanted) > _MOST:
            view.say(f"{len(wanted)} streams would be too many: the first {_MOST} are shown")
        self._streams = min(len(wanted), _MOST)
        generation = self._generation
        for pod, container in wanted[:_MOST]:
            subject = Subject(self.subject.cluster, "Pod", pod.namespace, pod.name, pod.uid)
            tail = max(50, self.tf.context.log_lines // max(1, len(wanted)) // 2)
            request = LogRequest(pod=subject, container=container, previous=self.previous, tail=tail)
            self._stream(request, generation, several=len(wanted) > 1, containers=len(pod.containers) > 1)
        self.refresh_bars()

    def _retry(self) -> None:
        if self.is_mounted and not self._cancels:
            if self._pods():
                self._open()
            else:
                self.set_timer(0.5, self._retry)

    def _stream(self, request: LogRequest, generation: int, *, several: bool, containers: bool) -> None:
        name = f"{request.pod.name}/{request.container}" if containers else request.pod.name
        source = safe(name) if several else ""
        loop, app_context = self.tf.loop_of_screen, self.tf.own_context

        def show(lines: list[Line]) -> None:
            if generation == self._generation and self.is_mounted:
                self.query_one("#body", LogView).append([self._line(line, source) for line in lines])

        def deliver(lines: list[Line]) -> None:
            try:
                loop.call_soon_threadsafe(show, lines, context=app_context)
            except RuntimeError:  # the screen is closing
                return

        ended, cancel = self.tf.board.stream_logs(request, deliver)
        self._cancels.append(cancel)

        async def until_end() -> None:
            try:
                await ended
            except ReadFailed as failed:
                if generation == self._generation:
                    self.query_one("#body", LogView).append(
                        [LogLine(safe(str(failed.problem)), source, mark="lost")]
                    )

        self.run_worker(until_end(), exit_on_error=False, group="logs")

    def _line(self, line: Line, source: str) -> LogLine:
        if line.note:
            return LogLine(safe(line.text), source, mark="lost" if "lost" in line.text else "note")
        stamp = "" if line.time is None else local(line.time, self.tf.zone).strftime("%H:%M:%S")
        return LogLine(line.text, source, stamp)

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_container(self, by: int) -> None:
        if self._containers:
            self._chosen = (self._chosen + 1 + by) % (len(self._containers) + 1) - 1
            self.query_one("#body", LogView).clear()
            self._open()

    def action_previous(self) -> None:
        self.previous = not self.previous
        self.query_one("#body", LogView).clear()
        self._open()

    def filter_by(self, text: str) -> str:
        try:
            found = Filter(text) if text.strip() else NO_FILTER
        except FilterError as error:
            return str(error)
        self._filter = text
        self.query_one("#body", LogView).set_filter(found)
        return ""

    def filter_text(self) -> str:
        return self._filter

    def on_log_view_save_requested(self, event: LogView.SaveRequested) -> None:
        text = "\n".join(event.view.plain())
        if event.copy:
            self.tf.tell(copy_text(self.app, text))
            return
        name = "".join(c if c.isalnum() or c in "-." else "_" for c in self.subject.name)
        path = Path.cwd() / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.log"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(text + "\n")
        except OSError as error:
            self.tf.tell(f"{path} cannot be written: {error.strerror}", "warning")
            return
        self.tf.tell(f"saved {event.view.kept:,} lines to {path}")

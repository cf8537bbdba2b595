"""What a page, a dialog or a command may ask of the program. They import this, never the application."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from screens.context import AppContext
    from screens.frame.messages import Messages
    from screens.frame.subscriptions import ScreenSubscriptions
    from tfdash.board.board import Board
    from tfdash.changes.history import ChangeHistory
    from tfdash.model.action import Confirmation, Guarded
    from tfdash.model.store_state import Entry
    from tfdash.model.subject import Subject
    from tfdash.views.header import HeaderState
    from tfdash.views.replay import ReplayWords
    from tfdash.views.scope import Restriction
    from tfdash.views.served_kinds import ServedKinds
    from widgets.commands import Command
    from widgets.tabs import Tab


class ReplayControl(Protocol):
    """A recording that is played in the place of a platform."""

    @property
    def begins(self) -> float:
        """Epoch seconds of the first that it holds."""

    @property
    def words(self) -> ReplayWords:
        """Where it is now, for its line."""

    @property
    def keys(self) -> Sequence[tuple[str, str]]:
        """(key, what it does now), the most useful first."""

    def tell_in_line(self, text: str, level: str = "information") -> None:
        """A short notice that covers nothing of the page; what has no room in the line stands in the messages alone."""


class Shell(Protocol):
    """The program around a page. Called on the screen's loop."""

    board: Board
    context: AppContext
    zone: ZoneInfo
    messages: Messages
    subscriptions: ScreenSubscriptions
    namespaces: tuple[str, ...] | None  # those chosen; None: all
    change_history: ChangeHistory | None  # of the changes that pass by; None until the board runs
    kinds: ServedKinds  # all that the clusters serve, as far as somebody asked
    replay: ReplayControl | None  # where a recording is played
    trouble: str  # why nothing can be done here, where that is a fault of the program's own

    def now(self) -> float:
        """Epoch seconds, by the program's clock."""

    def audit_entries(self) -> Sequence[Entry] | None:
        """The newest of the audit log, for what wants to know whether a change was ours; None: it is not read."""

    # -- to other places ----------------------------------------------------------------------------------------

    def open(
        self,
        page: str,
        *about: Any,
        filter_text: str = "",
        row: Subject | None = None,
        sort: str = "",
        view: str = "",
        **how: Any,
    ) -> None:
        """Show the page of that id, the one way to another page. Without ``about`` it comes at its own place: its tab,
        the lists, or above what is shown. With ``about`` (what its class is given) it comes above what is shown.
        ``row``: whose row is chosen there; ``sort``: the column that orders a list; ``view``: which of its views a page shows."""

    def open_kind(self, id: str, filter_text: str = "") -> None:
        """The list of a kind by its id in ``kinds``; nothing where it is not there."""

    def open_tab(self, page: str) -> None:
        """The tab as it was left; its first page on the row of what the page that is shown names there. The one that is shown
        goes to its first page."""

    def back(self) -> None: ...

    def back_to(self, index: int) -> None:
        """To the crumb of that number."""

    def restriction(self, view: str) -> Restriction:
        """What a list at the root of its place shows now."""

    def choose_namespaces(self, names: tuple[str, ...] | None) -> None:
        """Every list shows these from now on; None: all."""

    def show_chosen_namespaces(self) -> None:
        """The list of something with a namespace that was shown last, or the workloads."""

    def use_environment(self, name: str) -> None:
        """Start anew with another environment or context."""

    def use_theme(self, name: str) -> None: ...

    def start_elevated(self) -> None:
        """Start anew with a writer, for a time."""

    def leave(self) -> None:
        """Quit."""

    # -- what is done -------------------------------------------------------------------------------------------

    def carry_out(self, title: str, plans: Sequence[tuple[Guarded, Confirmation]]) -> None:
        """Begin what was confirmed, and show its progress in place of the dialog."""

    def show_progress(self) -> None:
        """What was begun last, again."""

    def show_run_of(self, action: str, subject: Subject) -> bool:
        """That very action where it is under way on ``subject``; False where it is not."""

    def do(self, command: str, argument: str = "") -> None:
        """What was chosen after ``:``, by the command's id."""

    async def find_kind(self, text: str) -> tuple[str, str] | str:
        """The command and the argument for what was typed and is no command: a kind that the server serves; or why none."""

    # -- what is told -------------------------------------------------------------------------------------------

    def tell(self, text: str, level: str = "information") -> None:
        """A short notice, which the messages keep. ``level`` is "information" or "warning"."""

    def copy_text(self, text: str, what: str) -> None:
        """To the clipboard; a notice says how."""

    # -- the frame ----------------------------------------------------------------------------------------------

    def header_state(self) -> HeaderState: ...

    def tabs(self) -> list[Tab]: ...

    def crumbs(self) -> list[str]: ...

    def commands(self) -> list[Command]: ...

    # -- Textual's own, for what is no widget -------------------------------------------------------------------

    def run_worker(
        self, work: Any, *, group: str, exclusive: bool = False, exit_on_error: bool = True
    ) -> Any: ...

    def push_screen(self, screen: Any, callback: Any = None) -> Any: ...

    def call_from_thread(self, callback: Any, *args: Any) -> Any: ...

    def call_later(self, callback: Any, *args: Any) -> Any: ...

    def copy_to_clipboard(self, text: str) -> None: ...

    def suspend(self) -> AbstractContextManager[None]: ...

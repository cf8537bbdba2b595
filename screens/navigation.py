"""Where one is and how one gets elsewhere: a stack of screens for each tab, and one for lists without a tab."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.screen import Screen
from textual.widget import AwaitMount

from screens.commands import view_id
from screens.context import AppContext
from screens.frame.board_screen import TABS, BoardScreen
from tfdash.model.subject import Subject
from tfdash.views.kinds import VIEWS
from tfdash.views.scope import Restriction

if TYPE_CHECKING:
    from screens.lists.list_screen import ListScreen

_TAB_IDS = frozenset(target for _, target, _ in TABS)
LIST = "list"  # the mode of lists that have no tab


class Navigation(App[None]):
    """The part of the application that opens screens. Their modules are imported when they are first opened."""

    TABS: ClassVar = TABS
    context: AppContext
    namespaces: tuple[str, ...] | None = None
    _list_view = "pods"  # what the list mode begins with
    _came_from = "overview"  # the tab that Escape goes back to from there
    _scoped_view = "workloads"  # the list that choosing a namespace goes to

    def mode_of_start(self) -> str:
        """The mode that the configured first screen stands in; called before the application is made."""
        start = self.context.start
        view = start if start in _TAB_IDS else view_id(start)
        if not view:
            return "overview"
        if view not in _TAB_IDS:
            self._list_view = view
            if VIEWS[view].namespaced:
                self._scoped_view = view
            return LIST
        return view

    def add_modes(self) -> None:
        for target in (*_TAB_IDS, LIST):
            self.add_mode(target, partial(self._root, target))

    def _root(self, mode: str) -> Screen[None]:
        if mode == "overview":
            from screens.pages.overview.overview import OverviewScreen

            return OverviewScreen()
        if mode == "canary":
            from screens.pages.releases.canary import CanaryScreen

            return CanaryScreen()
        if mode == LIST:
            from screens.lists.list_screen import ListScreen

            return ListScreen(VIEWS[self._list_view], self.restriction(self._list_view), scoped=True)
        return self._list(mode, self.restriction(mode), scoped=True)

    def _list(self, view: str, restriction: Restriction, scoped: bool = False) -> ListScreen:
        if view == "workloads":
            from screens.pages.workloads.workloads import WorkloadsScreen

            return WorkloadsScreen(VIEWS[view], restriction, scoped=scoped)
        if view == "nodes":
            from screens.pages.nodes.nodes import NodesScreen

            return NodesScreen(VIEWS[view], restriction, scoped=scoped)
        from screens.lists.list_screen import ListScreen

        return ListScreen(VIEWS[view], restriction, scoped=scoped)

    def restriction(self, view: str) -> Restriction:
        """What a list at the root of a tab shows now."""
        return Restriction(self.namespaces if VIEWS[view].namespaced else None)

    def switch_mode(self, mode: str) -> AwaitMount:
        """As Textual's, but not while the program is being left: its screens are closed one by one then."""
        gone = self._exit or not self.is_running
        return AwaitMount(self.screen, []) if gone else super().switch_mode(mode)

    # -- places -------------------------------------------------------------------------------------------------

    @property
    def roots(self) -> list[BoardScreen]:
        return [s for s in self.screen_stack if isinstance(s, BoardScreen)]

    def crumbs(self) -> list[str]:
        """Where we are, outermost first; the chosen namespaces stand after the first."""
        shown = [s for s in self.roots if s.crumb]
        parts = [s.crumb for s in shown]
        if shown and shown[0].scoped and self.namespaces is not None:
            parts.insert(1, ", ".join(self.namespaces))
        return parts

    def pop_to_root(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_tab(self, target: str) -> None:
        """To a tab as it was left; the digit of the tab that is shown goes to its first screen."""
        if self.current_mode == target:
            self.pop_to_root()
        else:
            self.switch_mode(target)

    def open_view(self, view: str, filter_text: str = "") -> None:
        """The list of that name at the root of its place."""
        if VIEWS.get(view) is not None and VIEWS[view].namespaced:
            self._scoped_view = view
        if view in _TAB_IDS:
            if self.current_mode != view:
                self.switch_mode(view)
            self.pop_to_root()
        else:
            self._list_view = view
            if self.current_mode != LIST:
                self._came_from = self.current_mode
                self.switch_mode(LIST)
            self.pop_to_root()
        root = self.screen_stack[0]
        if isinstance(root, BoardScreen) and view not in ("overview", "canary"):
            root.point_to(view, filter_text)

    def open_scoped(self) -> None:
        """After another namespace was chosen: the namespaced list that was shown last."""
        self.open_view(self._scoped_view)

    def use_namespace(self, name: str) -> None:
        """Narrow every list to one namespace, or widen to all (``""``), and show the list that was left."""
        self.namespaces = (name,) if name else None
        self.open_scoped()

    def action_all_namespaces(self) -> None:
        """Every list shows all namespaces; the one on the screen at once."""
        if self.namespaces is not None:
            self.namespaces = None
            top = self.screen_stack[-1]
            if isinstance(top, BoardScreen):
                top.on_screen_resume()

    def back(self) -> None:
        if len(self.screen_stack) > 1:
            self.pop_screen()
        elif self.current_mode == LIST:
            self.switch_mode(self._came_from)

    def back_to(self, index: int) -> None:
        """To the crumb of that number."""
        shown = [s for s in self.roots if s.crumb]
        shift = 1 if shown and shown[0].scoped and self.namespaces is not None and index > 0 else 0
        target = shown[min(max(0, index - shift), len(shown) - 1)]
        while self.screen_stack[-1] is not target and len(self.screen_stack) > 1:
            self.pop_screen()

    # -- further in ---------------------------------------------------------------------------------------------

    def open_list(self, view: str, restriction: Restriction) -> None:
        self.push_screen(self._list(view, restriction))

    def open_containers(self, pod: Subject) -> None:
        from screens.pages.workloads.containers import ContainersScreen

        self.push_screen(ContainersScreen(pod))

    def open_workload(self, subject: Subject) -> None:
        from screens.pages.workloads.revisions import WorkloadScreen

        self.push_screen(WorkloadScreen(subject))

    def open_inspect(self, subject: Subject, what: str) -> None:
        from screens.pages.inspect.inspect import InspectScreen

        self.push_screen(InspectScreen(subject, what))

    def open_logs(self, subject: Subject, previous: bool = False, container: str = "") -> None:
        from screens.pages.logs.logs import LogScreen

        self.push_screen(LogScreen(subject, previous, container))

    def open_page(self, name: str) -> None:
        """``help``, ``messages``, ``sources`` or ``environments``."""
        from screens.pages.program import program

        top = next((s for s in reversed(self.screen_stack) if isinstance(s, BoardScreen)), None)
        if isinstance(top, program.PAGES[name]):
            return  # asked for again
        page: Screen[None] = program.HelpScreen(top) if name == "help" and top else program.PAGES[name]()
        self.push_screen(page)

"""Where one is and how one gets elsewhere: a stack of pages for each tab, and one for lists without a tab."""

from __future__ import annotations

from functools import partial
from typing import Any

from textual.app import App
from textual.screen import Screen
from textual.widget import AwaitMount

from screens import registry
from screens.context import AppContext
from screens.frame.board_screen import BoardScreen
from screens.registry import SPECS
from tfdash.model.subject import Subject
from tfdash.views.kinds import VIEWS
from tfdash.views.pages import ScreenSpec
from tfdash.views.scope import Restriction
from tfdash.views.served_kinds import ServedKinds

LIST = "list"  # the mode of lists that have no tab


class Navigation(App[None]):
    """The part of the application that opens pages. Their modules are imported when they are first opened."""

    context: AppContext
    kinds: ServedKinds
    namespaces: tuple[str, ...] | None = None
    _list_view = "pods"  # what the list mode begins with
    _came_from = "overview"  # the tab that Escape goes back to from there
    _scoped_view = "workloads"  # the list that choosing a namespace goes to
    _first_page = ""  # to open above the first tab, where the configured page has none

    def mode_of_start(self) -> str:
        """The mode that the configured first page stands in; called before the application is made."""
        page = registry.page_id(self.context.ui.start)
        if not page or SPECS[page].digit:
            return page or "overview"
        if page not in VIEWS:
            self._first_page = page
            return "overview"
        self._list_view = page
        if VIEWS[page].namespaced:
            self._scoped_view = page
        return LIST

    def add_modes(self) -> None:
        for spec in registry.TABS:
            if spec.opens:
                self.add_mode(spec.id, partial(self._root, spec.id))
        self.add_mode(LIST, lambda: self._root(self._list_view))

    def _root(self, page: str) -> Screen[None]:
        if page in VIEWS:
            return self._made(SPECS[page], self.restriction(page), scoped=True)
        return self._made(SPECS[page])

    def _made(self, spec: ScreenSpec, *about: Any, **how: Any) -> Screen[None]:
        screen = registry.make(spec, *about, **how)
        if isinstance(screen, BoardScreen):
            screen.page, screen.opened_with = spec.id, (about, how)
            screen.tab = spec.id if spec.digit else screen.tab
        return screen

    def restriction(self, view: str) -> Restriction:
        """What a list at the root of its place shows now."""
        known = VIEWS.get(view)
        return Restriction(self.namespaces if known is None or known.namespaced else None)

    def switch_mode(self, mode: str) -> AwaitMount:
        """As Textual's, but not while the program is being left: its screens are closed one by one then."""
        gone = self._exit or not self.is_running
        return AwaitMount(self.screen, []) if gone else super().switch_mode(mode)

    # -- places -------------------------------------------------------------------------------------------------

    @property
    def roots(self) -> list[BoardScreen]:
        return [s for s in self.screen_stack if isinstance(s, BoardScreen)]

    @property
    def top(self) -> BoardScreen | None:
        """The page that is shown, also under a dialog."""
        for screen in reversed(self.screen_stack if self.is_running else []):
            if isinstance(screen, BoardScreen):
                return screen
        return None

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

    # -- one way to a page --------------------------------------------------------------------------------------

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
        """Show a page. See ``screens.shell.Shell.open``."""
        spec = SPECS[page]
        if not spec.opens:
            self.say_missing(spec)
        elif about or how:
            top = self.screen_stack[-1]  # a key that is held opens it once
            if not (isinstance(top, BoardScreen) and (top.page, top.opened_with) == (page, (about, how))):
                self.push_screen(self._made(spec, *about, **how))
        elif spec.digit or page in VIEWS:
            self._open_root(spec, filter_text, row, sort, view)
        else:
            if self.top is None or self.top.page != page:  # else it is asked for again
                row = row or (self.top.named_for(page) if self.top is not None else None)
                self.push_screen(self._made(spec))
            if row is not None and self.top is not None:
                self.top.stand_on(row)

    def open_kind(self, id: str, filter_text: str = "") -> None:
        """The list of a kind by its id in the catalogue; one that was looked at so before makes room."""
        view = self.kinds.view(id)
        if view is None:
            return
        if view.id in VIEWS:
            self.open(view.id, filter_text=filter_text)
            return
        if self.top is not None and self.top.page == "kind" and self.screen_stack[-1] is self.top:
            self.pop_screen()
        self.open("kind", view, self.restriction(id), scoped=True)
        if filter_text and self.top is not None:
            self.top.point_to(view.id, filter_text)

    def _open_root(
        self,
        spec: ScreenSpec,
        filter_text: str = "",
        row: Subject | None = None,
        sort: str = "",
        view: str = "",
    ) -> None:
        if spec.id in VIEWS and VIEWS[spec.id].namespaced:
            self._scoped_view = spec.id
        mode = spec.id if spec.digit else LIST
        if mode == LIST:
            self._list_view = spec.id
            if self.current_mode != LIST:
                self._came_from = self.current_mode
        if self.current_mode != mode:
            self.switch_mode(mode)
        self.pop_to_root()
        root = self.screen_stack[0]
        if isinstance(root, BoardScreen) and spec.id in VIEWS:
            root.page = spec.id
            root.point_to(spec.id, filter_text, sort)
        if isinstance(root, BoardScreen) and view:
            root.point_to(view)
        if isinstance(root, BoardScreen) and row is not None:
            root.stand_on(row)

    def open_tab(self, page: str) -> None:
        """See ``screens.shell.Shell.open_tab``."""
        named = self.top.named_for(page) if self.top is not None else None
        if not SPECS[page].opens:
            self.say_missing(SPECS[page])
        elif self.current_mode == page:
            self.pop_to_root()
        else:
            self.switch_mode(page)
            if named is not None and len(self.screen_stack) == 1:  # what one is deep in stays as it was left
                self._open_root(SPECS[page], row=named)

    def action_tab(self, page: str) -> None:
        self.open_tab(page)

    def action_open(self, page: str) -> None:
        self.open(page)

    def say_missing(self, spec: ScreenSpec) -> None:
        """A section of the playbook that has no page yet."""

    # -- namespaces, and back -----------------------------------------------------------------------------------

    def choose_namespaces(self, names: tuple[str, ...] | None) -> None:
        self.namespaces = names

    def show_chosen_namespaces(self) -> None:
        """After another namespace was chosen: the namespaced list that was shown last."""
        self.open(self._scoped_view)

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

"""The keys of a table, k9s's where it has one. Every binding has an id, so that a user's keymap reaches it."""

from __future__ import annotations

from textual.binding import Binding, BindingType

SORT_LETTERS: dict[str, tuple[str, str]] = {
    "N": ("name", "name"),
    "P": ("namespace", "namespace"),
    "A": ("age", "age"),
    "S": ("status", "status"),
    "R": ("ready", "ready"),
    "T": ("restarts", "restarts"),
    "C": ("cpu", "CPU"),
    "M": ("memory", "memory"),
    "O": ("node", "node"),
    "I": ("ip", "IP"),
}
"""Shift and a letter -> (the key of the column it sorts by, its word in the help). Only where there is such a column."""


def _key(keys: str, action: str, text: str, name: str, shown: str | None = None) -> Binding:
    return Binding(keys, action, text, id=f"table.{name}", show=False, key_display=shown)


TABLE_BINDINGS: list[BindingType] = [
    Binding("enter", "open", "open", id="table.open", key_display="enter"),
    _key("escape", "clear_filter", "clear the filter", "clear_filter", "esc"),
    _key("up,k", "move(-1)", "up", "up"),
    _key("down,j", "move(1)", "down", "down"),
    _key("pageup,ctrl+b", "page(-1)", "page up", "page_up"),
    _key("pagedown,ctrl+f", "page(1)", "page down", "page_down"),
    _key("home,g", "edge(False)", "first row", "first"),
    _key("end,G,shift+g", "edge(True)", "last row", "last"),
    _key("left", "columns(-1)", "columns to the left", "left"),
    _key("right", "columns(1)", "columns to the right", "right"),
    _key("space", "mark", "mark", "mark"),
    _key("ctrl+@,ctrl+space", "mark_range", "mark the range", "mark_range", "ctrl+space"),
    _key("ctrl+backslash", "unmark", "clear the marks", "unmark"),
    _key("less_than_sign", "sort_by_next(-1)", "sort by the column before", "sort_before", "<"),
    _key("greater_than_sign", "sort_by_next(1)", "sort by the next column", "sort_next", ">"),
    _key("semicolon", "pick_sort", "choose the sort column", "sort_pick", ";"),
    _key("tilde", "reverse", "reverse the order", "reverse", "~"),
    *(
        _key(
            f"{letter},shift+{letter.lower()}",
            f"sort_by('{column}')",
            f"sort by {word}",
            f"sort_{column}",
            letter,
        )
        for letter, (column, word) in SORT_LETTERS.items()
    ),
]

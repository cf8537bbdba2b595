"""A field that knows what there is to choose: what is typed narrows it, the arrows take one, and any other text may stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.message import Message

from tfdash.views.shortnames import short_names
from tfdash.views.table import Line
from widgets.cells import literal, width_of
from widgets.confirm import TypedInput
from widgets.prose import Prose

_SHOWN = 5  # rows


class Offered(NamedTuple):
    """``note`` stands in pale behind it."""

    value: str
    note: str = ""


class ChoiceInput(TypedInput):
    """``many``: several, with commas between them; the one that is typed is behind the last comma."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "pick(1)", "next choice", id="dialog.choice_next", show=False),
        Binding("up", "pick(-1)", "choice before", id="dialog.choice_before", show=False),
    ]

    class Narrowed(Message):
        """Other choices fit, or another one is marked."""

        def __init__(self, input: ChoiceInput) -> None:
            super().__init__()
            self.input = input

    def __init__(
        self,
        offered: Sequence[Offered],
        *,
        many: bool = False,
        id: str,
        placeholder: str = "",
        value: str = "",
    ) -> None:
        super().__init__(id=id, placeholder=placeholder, value=value)
        self._many = many
        self._offered: tuple[Offered, ...] = ()
        self._sought: list[tuple[str, str]] = []  # name and note of each, in small letters
        self._at = -1
        self.offer(offered)

    @property
    def fitting(self) -> list[Offered]:
        """Those that hold what is typed, in their name before in what is known of them."""
        typed = self._typed.lower()
        if not typed:
            return list(self._offered)
        begin, hold, noted = list[Offered](), list[Offered](), list[Offered]()
        for one, (name, note) in zip(self._offered, self._sought, strict=True):
            if typed in name:
                (begin if name.startswith(typed) else hold).append(one)
            elif typed in note:
                noted.append(one)
        return [*begin, *hold, *noted]

    def offer(self, offered: Sequence[Offered]) -> None:
        """What there is by what was chosen meanwhile."""
        if tuple(offered) != self._offered:
            self._offered, self._at = tuple(offered), -1
            self._sought = [(literal(one.value).lower(), literal(one.note).lower()) for one in offered]

    @property
    def _typed(self) -> str:
        return self.value.rpartition(",")[2].strip() if self._many else self.value.strip()

    def typed_anew(self) -> None:
        """Other letters stand in it: nothing of what fits now is marked."""
        self._at = -1

    def action_pick(self, by: int) -> None:
        many = len(self.fitting)
        if many:
            self._at = (self._at + by) % many if self._at >= 0 or by > 0 else many - 1
            self.post_message(self.Narrowed(self))

    def take(self) -> bool:
        """The marked one, or the only one that fits, into the field; False where nothing is to be taken."""
        found = self.fitting
        exact = any(literal(one.value) == self._typed for one in self._offered)
        at = self._at if self._at >= 0 else 0 if len(found) == 1 and self._typed and not exact else -1
        if not 0 <= at < len(found):
            return False
        before = self.value.rpartition(",")[0]
        chosen = literal(found[at].value)
        self.value = f"{before}, {chosen}" if self._many and before else chosen
        self.cursor_position = len(self.value)
        return True

    def lines(self, width: int) -> list[Line]:
        """What there is to choose, some rows around the marked one, and how many more."""
        found = self.fitting
        if not self._offered:
            return []
        if not found:
            return [[("    none of those that are there fits; it may be given all the same", "dim")]]
        top = min(max(self._at - _SHOWN + 1, 0), max(len(found) - _SHOWN, 0))
        seen = found[top : top + _SHOWN]
        room = max(width - 6, 12)
        names = [literal(one.value) for one in seen]
        short = short_names(names, room)
        wide = min(max(width_of(short[name]) for name in names), room)
        lines: list[Line] = []
        for number, one in enumerate(seen):
            here = top + number == self._at
            name = short[literal(one.value)]
            left = max(room - wide - 2, 0)
            note = literal(one.note)
            note = note if width_of(note) <= left else f"{note[: max(left - 1, 0)]}…" if left > 8 else ""
            text = f"{name}{' ' * (wide - width_of(name))}"
            lines.append(
                [
                    (f"  {'▌' if here else ' '} ", "accent"),
                    (text, "bright" if here else ""),
                    (f"  {note}", "dim"),
                ]
            )
        more = len(found) - len(seen)
        hint = f"    {more} more; " if more else "    "
        lines.append([(f"{hint}down chooses, enter takes it", "dim")])
        return lines


class Choices(Prose):
    """The rows under such a field."""

    DEFAULT_CSS = """
Choices { height: auto; background: $tf-bar; }
"""

    def follow(self, field: ChoiceInput | None, width: int) -> None:
        lines = field.lines(width) if field is not None else []
        self.display = bool(lines)
        self.show(lines)

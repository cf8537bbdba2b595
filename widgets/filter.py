"""The ``/`` prompt: filters while one types. Enter keeps the filter, Escape clears it and then closes."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer

from tfdash.views.filter import NO_FILTER, Filter, FilterError
from widgets.prompt import Prompt, PromptInput, prompt_bindings

BURST = 0.004  # seconds: keys closer than that are one


class FilterInput(PromptInput):
    BINDINGS: ClassVar[list[BindingType]] = prompt_bindings("keep", "clear, then close")


class FilterPrompt(Prompt):
    """Posts ``Changed`` with each filter that can be understood; one that cannot is named and changes nothing."""

    SIGN = "/"
    INPUT = FilterInput

    class Changed(Message):
        def __init__(self, prompt: FilterPrompt, filter: Filter) -> None:
            super().__init__()
            self.prompt, self.filter = prompt, filter

        @property
        def control(self) -> FilterPrompt:
            return self.prompt

    class Closed(Message):
        """``kept``: by Enter."""

        def __init__(self, prompt: FilterPrompt, kept: bool) -> None:
            super().__init__()
            self.prompt, self.kept = prompt, kept

        @property
        def control(self) -> FilterPrompt:
            return self.prompt

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, placeholder="regex, !not, -f fuzzy, -l label=value, restarts>3")
        self._filter = NO_FILTER
        self._count = ""
        self._due: Timer | None = None

    @property
    def filter(self) -> Filter:
        """The last one that could be understood."""
        return self._filter

    def set_count(self, text: str) -> None:
        """``20 of 2,000 pods``, shown while the filter is understood."""
        self._count = text
        if self._said.token != "warn":
            self.say(text)

    def reset(self, filter: Filter = NO_FILTER) -> None:
        """Begin with another filter without telling anybody, as when the screen shows something else."""
        self._filter = filter
        with self.prevent(self._input.Changed):
            self.put(filter.text)
        self.say(self._count)

    def typed(self, text: str) -> None:
        """Once for a burst of keys: what was typed in between was never meant."""
        if self._due is None:
            self._due = self.set_timer(BURST, self.take)

    def take(self) -> None:
        """Act on the text as it stands."""
        if self._due is not None:
            self._due.stop()
            self._due = None
        text = self.value
        try:
            new = Filter(text)
        except FilterError as error:
            self.say(str(error), "warn")
            return
        self.say(self._count)
        if new.text != self._filter.text:
            self._filter = new
            self.post_message(self.Changed(self, new))

    def pressed(self, what: str) -> None:
        if what == "escape" and self.value:
            self.put("")
            self.take()
        elif what == "escape":
            self.close()
            self.post_message(self.Closed(self, kept=False))
        elif what == "enter":
            self.take()
            if self.value.strip() != self._filter.text:  # what could not be understood is not kept
                self.put(self._filter.text)
            self.close()
            self.post_message(self.Closed(self, kept=True))

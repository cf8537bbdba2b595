"""Reads a page of HTML as a browser would, for tests: elements with their attributes and text, in order."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

VOID = {"meta", "br", "path", "line", "circle", "rect", "link", "img", "input"}


class Element(NamedTuple):
    tag: str
    attributes: dict[str, str]
    within: tuple[str, ...]
    said: list[str]

    @property
    def text(self) -> str:
        return "".join(self.said)


class Page(HTMLParser):
    """``elements`` in order; ``wrong`` tells what is not closed or not opened."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.wrong: list[str] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        self.wrong += [f"<{one.tag}> is not closed" for one in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if len({name for name, _ in attrs}) != len(attrs):
            self.wrong.append(f"<{tag}> has an attribute twice")
        made = Element(
            tag,
            {name: value or "" for name, value in attrs},
            tuple(one.tag for one in self._open),
            [],
        )
        self.elements.append(made)
        if tag not in VOID:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1].tag == tag:
            self._open.pop()
        else:
            self.wrong.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        for one in self._open:
            one.said.append(data)

    def all(self, *tags: str) -> list[Element]:
        return [one for one in self.elements if one.tag in tags]

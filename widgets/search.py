"""A text that is looked for: as it stands where it has no metacharacter, else as an RE2 expression."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from tfdash.views.filter import Filter, FilterError, pattern


class _Itself:
    """Rows that are their own text, for the filter's test."""

    def search_text(self, key: Any) -> str:
        return str(key).lower()

    def labels(self, key: Hashable) -> Mapping[str, str]:
        return {}

    def amount(self, key: Any, column: str) -> None:
        return None

    def trouble(self, key: Any) -> int:
        return 0


_ITSELF = _Itself()


class Search:
    """``found_in`` tells whether, ``spans`` where. Raises FilterError with a sentence for what is no expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._filter = Filter(text)
        if self._filter.kind not in ("text", "regex") or self._filter.inverse:
            raise FilterError("A search is a text or a regular expression; !, -f and -l only filter.")
        self._needle = "" if self._filter.kind == "regex" else text.strip().lower()
        self._pattern: Any = pattern(text.strip()) if self._filter.kind == "regex" else None

    def found_in(self, text: str) -> bool:
        if self._needle:
            return self._needle in text.lower()
        return self._filter.matches(text, _ITSELF)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where, as half-open intervals of characters; empty matches are left out."""
        if self._needle:
            low, found, at = text.lower(), [], 0
            if len(low) != len(text):  # a letter whose lower case is longer: then no place is certain
                return []
            while (at := low.find(self._needle, at)) >= 0:
                found.append((at, at + len(self._needle)))
                at += len(self._needle)
            return found
        return [match.span() for match in self._pattern.finditer(text) if match.end() > match.start()]

"""A name that is not there, and what was probably meant: for commands, settings, namespaces, kinds and workloads alike."""

from __future__ import annotations

from collections.abc import Iterable

_TYPO = 0.7  # how alike a word and a typing error of it are at least (tests/unit/test_spelling.py)
_SHORT = 3  # letters of a beginning that is taken for the whole


def alike(wrong: str, valid: Iterable[str], most: int = 1, least: float = _TYPO) -> list[str]:
    """Up to ``most`` of the ``valid`` names, the most alike first; ``least``: how alike at least (0 to 1)."""
    import difflib  # not before the first frame

    return difflib.get_close_matches(wrong, sorted(valid), most, least)


def closest(wrong: str, valid: Iterable[str]) -> str:
    """The valid name that was probably meant: the beginning of it and of no other, or a typing error of it; "" where none is close."""
    names = sorted(valid)
    for word in dict.fromkeys((wrong, wrong.lower())):
        begun = [name for name in names if name.startswith(word)] if len(word) >= _SHORT else []
        if found := (begun if len(begun) == 1 else alike(word, names)):
            return found[0]
    return ""


def nearest(wrong: str, valid: Iterable[str]) -> str:
    """``did you mean "x"?`` or the list of what is valid."""
    names = sorted(filter(None, valid))
    meant = closest(wrong, names)
    if meant:
        return f'did you mean "{meant}"?'
    return f"valid here: {', '.join(names)}" if names else ""

"""A name that is not there, and what was probably meant: for commands, settings, namespaces, kinds and workloads alike."""

from __future__ import annotations

from collections.abc import Iterable


def alike(wrong: str, valid: Iterable[str], most: int = 1, least: float = 0.5) -> list[str]:
    """Up to ``most`` of the ``valid`` names, the most alike first; ``least``: how alike at least (0 to 1)."""
    import difflib  # not before the first frame

    return difflib.get_close_matches(wrong, sorted(valid), most, least)


def closest(wrong: str, valid: Iterable[str]) -> str:
    """The valid name that was probably meant; "" where none is close."""
    names = sorted(valid)
    return next((near for word in dict.fromkeys((wrong, wrong.lower())) for near in alike(word, names)), "")


def nearest(wrong: str, valid: Iterable[str]) -> str:
    """``did you mean "x"?`` or the list of what is valid."""
    names = sorted(filter(None, valid))
    meant = closest(wrong, names)
    if meant:
        return f'did you mean "{meant}"?'
    return f"valid here: {', '.join(names)}" if names else ""

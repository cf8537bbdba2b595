"""The words by which one says an action: ``rollback``, ``roll back``, ``deploy rollback``, ``workload.rollback``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from tfdash.model.kinds import KINDS
from tfdash.views.plan import noun_of, verb_of


def words_of(action: str, title: str, kinds: Iterable[str]) -> tuple[str, ...]:
    """Of the action with that id and "noun: verb", for objects of ``kinds``; the usual one first, all in small letters."""
    last, noun, verb = action.rpartition(".")[2], noun_of(title).lower(), verb_of(title).lower()
    verbs = dict.fromkeys((last, last.replace("-", " "), verb))
    names = (n for kind in kinds for n in (kind.lower(), *(KINDS[kind].aliases if kind in KINDS else ())))
    nouns = dict.fromkeys((noun, *names))
    return tuple(dict.fromkeys((*verbs, action, *(f"{n} {v}" for n, v in product(nouns, verbs)))))

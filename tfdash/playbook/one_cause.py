"""One cause is one finding, however many objects it leaves unknown: an unread store, a cluster that is gone, a forbidden kind. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tfdash.model.section import SectionFinding
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import Level
from tfdash.nouns import counted

_FEW = 3  # kinds that are named one by one


class Missing(NamedTuple):
    """What a section cannot say without: in words, and why. ``loading``: it was not read yet, nothing failed."""

    sentence: str
    detail: str = ""
    loading: bool = False
    many: int = 1
    cluster: ClusterRef | None = None
    kind: str = ""  # whose objects are missing, in the plural
    cause: str = ""  # as verdicts tell it that rest on the same


def together(
    found: Iterable[SectionFinding], noun: str, told: frozenset[str] = frozenset()
) -> tuple[list[SectionFinding], int]:
    """``found``, of which those that are unknown by one cause are one finding without an object, ``3 promises not known: …``. Those by a
    cause that is ``told`` beside them are left out, and counted."""
    alone: list[SectionFinding] = []
    shared: dict[str, list[SectionFinding]] = {}
    for one in found:
        if one.cause and one.level is Level.UNKNOWN:
            shared.setdefault(one.cause, []).append(one)
        else:
            alone.append(one)
    left_out = 0
    for cause, several in shared.items():
        if cause in told:
            left_out += len(several)
        elif len(several) == 1:
            alone += several
        else:
            loading = all(one.loading for one in several)
            sentence = f"{counted(len(several), noun)} not known: {cause}"
            alone.append(SectionFinding(level=Level.UNKNOWN, sentence=sentence, cause=cause, loading=loading))
    return alone, left_out


def by_cause(missing: Sequence[Missing]) -> list[Missing]:
    """Kinds of one cluster that are missing for the same reason are missed in one sentence."""
    found: dict[tuple[ClusterRef | None, str, str], list[Missing]] = {}
    for one in missing:
        rest = one.sentence.removeprefix(one.kind) if one.kind else one.sentence
        found.setdefault((one.cluster, one.detail, rest), []).append(one)
    return [
        several[0]._replace(sentence=f"{_named([m.kind for m in several])}{rest}")
        if several[0].kind
        else several[0]
        for (_, _, rest), several in found.items()
    ]


def _named(kinds: Sequence[str]) -> str:
    """``Certificates``; ``Bundles, Certificates, ClusterIssuers and 2 more kinds``."""
    if len(kinds) <= _FEW:
        return ", ".join(kinds)
    more = len(kinds) - _FEW
    return f"{', '.join(kinds[:_FEW])} and {more} more kind{'s' if more > 1 else ''}"

"""Whole pictures by other names, for those who look again and again: what did not change is not walked again."""

from __future__ import annotations

from typing import Any

import msgspec

from tfdash.anonymise.fields import role_of
from tfdash.anonymise.table import AliasTable
from tfdash.anonymise.walk import AnonymisingWalk
from tfdash.model.assessment import Assessment
from tfdash.model.picture import ClusterPicture, Picture

_FIRST = (
    "Namespace",
    "Node",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Rollout",
    "CronJob",
    "Job",
    "Service",
    "ReplicaSet",
    "Pod",
)
"""Kinds after which others are named: they are learned first."""


class Anonymiser(AnonymisingWalk):
    """``shown`` gives what readers may see; for all else it is a ``AnonymisingWalk``."""

    def __init__(self, table: AliasTable | None = None) -> None:
        super().__init__(table)
        self._kinds: dict[Any, tuple[Any, Any, dict[Any, tuple[Any, Any]], int]] = {}
        self._learned: tuple[Picture | None, Assessment | None] = (None, None)
        self._judged: tuple[Assessment, Assessment, int] | None = None

    def shown(self, picture: Picture, assessment: Assessment) -> tuple[Picture, Assessment]:
        """Both as readers may see them. What did not change since the last time is not walked again, unless the table grew."""
        with self.table.gathered():
            self.learn_of(picture, assessment)
        grown = self.table.grown
        made = self._picture(picture), self._assessment(assessment)
        if self.table.grown != grown:  # a text may have made a name of what stands as a word in one before it
            made = self._picture(picture), self._assessment(assessment)
        return made

    def learn_of(self, picture: Picture, assessment: Assessment) -> None:
        """All names in both."""
        if self._learned[0] is not picture:
            self._learn_picture(picture)
        if self._learned[1] is not assessment:
            for name in assessment.__struct_fields__:
                if name == "verdicts":  # they are of what the picture has, or had
                    for subject in assessment.verdicts:
                        self.learn(subject)
                elif name != "workloads":
                    self.learn(getattr(assessment, name), role=role_of("Assessment", name))
        self._learned = picture, assessment

    @staticmethod
    def rank(kind: str) -> int:
        """Kinds in the order in which they are learned."""
        return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)

    @staticmethod
    def tells(arguments: tuple[Any, ...]) -> bool:
        """Whether what is put (cluster, kind ...) is of a kind whose fields are known: nobody can say what columns hold that only a cluster
        knows."""
        return len(arguments) < 2 or not isinstance(arguments[1], str) or _told(arguments[1])

    def _learn_picture(self, picture: Picture) -> None:
        """Of objects those that are others than at the last look."""
        for ref, cluster in picture.clusters.items():
            self.learn(ref, cluster.info)
            for kind in sorted(filter(_told, cluster.kinds), key=self.rank):
                seen, known = cluster.kinds[kind], self._kinds.get((ref, kind))
                if known is None or known[0] is not seen:
                    held = known[2] if known is not None else {}
                    news = (
                        o for key, o in (seen.value or {}).items() if key not in held or held[key][0] is not o
                    )
                    self.learn(*news)
        self.learn(picture.signals, picture.store_state, picture.sources)

    def _picture(self, picture: Picture) -> Picture:
        clusters = {}
        for ref, cluster in picture.clusters.items():
            kinds = {
                kind: self._kind((ref, kind), seen) for kind, seen in cluster.kinds.items() if _told(kind)
            }
            made = self.value(ref)
            clusters[made] = ClusterPicture(ref=made, info=self.value(cluster.info), kinds=kinds)
        return msgspec.structs.replace(
            picture,
            clusters=clusters,
            signals=self.value(picture.signals),
            store_state=self.value(picture.store_state),
            sources=self.value(picture.sources, role_of("Picture", "sources")),
        )

    def _kind(self, name: Any, seen: Any) -> Any:
        known = self._kinds.get(name)
        grown = self.table.grown
        if known is not None and known[0] is seen and known[3] == grown:
            return known[1]
        held = known[2] if known is not None and known[3] == grown else {}
        about = self.value(msgspec.structs.replace(seen, value=None))
        if seen.value is None:
            self._kinds[name] = seen, about, {}, grown
            return about
        pairs = {}
        objects = {}
        for key, one in seen.value.items():
            before = held.get(key)
            pair = before if before is not None and before[0] is one else (one, self.value(one))
            pairs[key] = pair
            objects[self.value(key)] = pair[1]
        made = msgspec.structs.replace(about, value=objects)
        self._kinds[name] = seen, made, pairs, grown
        return made

    def _assessment(self, assessment: Assessment) -> Assessment:
        grown = self.table.grown
        if self._judged is None or self._judged[0] is not assessment or self._judged[2] != grown:
            self._judged = assessment, self.value(assessment), grown
        return self._judged[1]


def _told(kind: str) -> bool:
    """Discovered kinds have a group in their id."""
    return "." not in kind

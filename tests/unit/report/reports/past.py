"""A scripted week: entries of a log, a journal and what the cluster keeps, for the tests of reports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from tests.unit.views.making import cluster, picture
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.kube import Container, Owner, ReplicaSet, Template
from tfdash.model.store_state import Entry, EntryKind
from tfdash.model.subject import ClusterRef, Subject
from tfdash.report.reports.facts import ReportFacts
from tfdash.store.journal.view import JournalView
from tfdash.store.log.audit_projection import subject_data

T0 = 1_795_443_300.0  # Mon 23 Nov 2026 14:15:00 UTC
HOUR, DAY = 3600.0, 86_400.0
REF = ClusterRef("production", "eu-1")
SHOP = Subject(REF, "Deployment", "shop", "checkout")
ZONE = ZoneInfo("America/New_York")


class Log:
    """Entries one after the other, as a terminal records them."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(
        self, kind: EntryKind, at: float, actor: str = "ann", subject: Subject | None = SHOP, **over: Any
    ) -> Entry:
        data: dict[str, Any] = dict(over.pop("data", {}))
        if subject is not None:
            data.setdefault("subject", subject_data(subject))
        entry = Entry(
            version=1,
            terminal="wall-1",
            sequence=len(self.entries) + 1,
            at=at,
            kind=kind,
            actor=actor,
            environment=REF.environment,
            cluster=REF.cluster,
            target=str(subject) if subject is not None else "",
            data=json.dumps(data),
            **over,
        )
        self.entries.append(entry)
        return entry

    def acts(
        self,
        at: float,
        action: str,
        intent: str,
        actor: str = "ann",
        approval: str = "",
        reason: str = "",
        result: str | None = "applied",
        seen: float | None = 60.0,
        subject: Subject = SHOP,
    ) -> None:
        """An intent, its outcome ten seconds later and what was seen of it; None: nothing came."""
        confirmed = {"approval": approval, "reason": reason}
        self.add(
            EntryKind.INTENT, at, actor, subject, action=action, intent=intent, data={"confirmed": confirmed}
        )
        if result is not None:
            self.add(
                EntryKind.OUTCOME,
                at + 10,
                actor,
                subject,
                action=action,
                intent=intent,
                data={"result": result},
            )
        if seen is not None:
            self.add(
                EntryKind.VERIFICATION,
                at + seen,
                actor,
                subject,
                action=action,
                intent=intent,
                data={"verified": True},
            )

    def crosses(self, at: float, version: str, trigger: str = "errors", state: str = "found") -> None:
        data = {
            "topic": "breach",
            "state": state,
            "trigger": trigger,
            "uid": "u",
            "version": version,
            "at": at,
            "title": "Error rate",
            "sentence": "6 % ≥ 1.1 %",
        }
        self.add(EntryKind.NOTE, at + 5, "tfdash", data=data)

    def verifies(self, at: float, version: str, actor: str = "rules") -> None:
        data = {
            "topic": "verified",
            "template_hash": version,
            "images": [f"shop/checkout:{version}"],
            "by": actor,
        }
        self.add(EntryKind.VERIFICATION, at, actor, data=data)


def replica_set(version: str, created: float, revision: int, name: str = "checkout") -> ReplicaSet:
    return ReplicaSet(
        namespace="shop",
        name=f"{name}-{version}",
        created=created,
        revision=revision,
        owner=Owner("Deployment", name, f"uid-{name}"),
        template=Template(containers=(Container("main", f"registry.example/shop/{name}:{version}"),)),
    )


def facts(
    report: str,
    entries: Sequence[Entry] = (),
    sets: Sequence[ReplicaSet] = (),
    journal: JournalView | None = None,
    since: float = T0,
    until: float = T0 + 7 * DAY,
    **over: Any,
) -> ReportFacts:
    given: Mapping[str, Any] = {
        "report": report,
        "environment": "production",
        "since": since,
        "until": until,
        "now": until,
        "zone": ZONE,
        "since_why": "no earlier one is known",
        "picture": picture(cluster(REF, ReplicaSet=list(sets))),
        "assessment": EMPTY_ASSESSMENT,
        "now_known": True,
        "entries": tuple(entries),
        "journal": journal,
    }
    return ReportFacts(**{**given, **over})

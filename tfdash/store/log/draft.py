"""What is to be recorded, before it has a place in a chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tfdash.actions.core.run_tag import KEY, TAG
from tfdash.model.store_state import Entry, EntryKind
from tfdash.store.log.canonical import VERSION, dump, plain, seal
from tfdash.store.log.redact import Redactor

LONGEST = 512 * 1024
"""Bytes of ``data`` in one entry; what is longer is cut, and the entry says so."""

NotesTold = Sequence[tuple[str, Mapping[str, Any]]]
"""(sentence, data) each."""


class EntryDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an entry that its author gives; ``topic`` (in ``data``) says what it changes in what is remembered."""

    kind: EntryKind
    at: float
    actor: str
    environment: str = ""
    cluster: str = ""
    target: str = ""
    action: str = ""
    intent: str = ""
    sentence: str = ""
    data: Mapping[str, Any] = {}

    def placed(self, terminal: str, sequence: int, previous: str, redact: Redactor) -> tuple[Entry, bytes]:
        """The entry at that place of that chain, redacted and sealed, with its bytes. An intent names itself."""
        data, (actor, target, action, sentence) = redact.entry(
            plain(self.data),
            self.actor,
            self.target,
            self.action,
            self.sentence,
            public=(self.environment, self.cluster, self.target, self.action, self.actor),
        )
        text = dump(data)
        if len(text) > LONGEST:
            kept = {key: data[key] for key in ("topic", "id", "digest", "plan_digest", "run") if key in data}
            text = dump(
                {**kept, "cut": f"{len(text)} bytes were too many; the first are kept", "first": text[:65536]}
            )
        intent = self.intent
        if not intent and self.kind is EntryKind.INTENT:
            intent = f"{terminal}:{sequence}"
        return seal(
            Entry(
                version=VERSION,
                terminal=terminal,
                sequence=sequence,
                at=round(self.at * 1_000_000) / 1_000_000,
                kind=self.kind,
                actor=actor,
                environment=self.environment,
                cluster=self.cluster,
                target=target,
                action=action,
                intent=intent,
                sentence=sentence,
                data=text,
                previous=previous,
            )
        )


def tagged(draft: EntryDraft) -> EntryDraft:
    """With the step of a run that it is recorded for, where it is for one."""
    tag = TAG.get()
    return msgspec.structs.replace(draft, data={**draft.data, KEY: tag}) if tag else draft


async def nothing() -> None:
    """There is nobody to deliver to."""


def notes(
    told: NotesTold, at: float, *, actor: str, action: str = "", environment: str = ""
) -> list[EntryDraft]:
    """Of one person and one moment."""
    return [
        tagged(
            EntryDraft(
                kind=EntryKind.NOTE,
                at=at,
                actor=actor,
                environment=environment,
                action=action,
                sentence=sentence,
                data=data,
            )
        )
        for sentence, data in told
    ]

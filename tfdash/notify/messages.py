"""The messages that ship: which there are, what each is for, and an example of what it speaks of. A table; the texts are beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_RUN: Mapping[str, Any] = {
    "run": "r-20261130-1402-4f1a",
    "procedure": "single service failure",
    "environment": "production",
    "cluster": "eu-1",
    "by": "ada",
    "reason": "checkout answers with errors since 13:58",
    "targets": ["Deployment shop/checkout"],
}


class MessageKind(msgspec.Struct, frozen=True, kw_only=True):
    """``example``: values as a run gives them; whatever is left out of them is left out of the text."""

    name: str
    title: str
    example: Mapping[str, Any]


MESSAGES: Mapping[str, MessageKind] = {
    kind.name: kind
    for kind in (
        MessageKind(name="started", title="a procedure was started", example=_RUN),
        MessageKind(
            name="waits",
            title="a step waits for somebody",
            example={
                **_RUN,
                "step": "how is it mended?",
                "role": "on-call",
                "sentence": "rollback or release",
            },
        ),
        MessageKind(
            name="approval",
            title="an approval is wanted",
            example={
                **_RUN,
                "step": "the owner of the service agrees",
                "role": "service-owners",
                "count": 2,
                "alone": "break-glass, reviewed the next working day",
                "lines": ["roll back Deployment shop/checkout to revision 41"],
            },
        ),
        MessageKind(
            name="status",
            title="how it stands, for all who ask",
            example={
                **_RUN,
                "sentence": "rolled back; it serves again, and is watched for five minutes",
                "next": "14:20 UTC",
                "lines": ["mitigate 11m of 15m", "restore 14m of 30m"],
            },
        ),
        MessageKind(
            name="no-return",
            title="a point of no return is next",
            example={
                **_RUN,
                "step": "traffic goes to eu-2",
                "no_return": "what is written from then on is in eu-2 alone; before it everything can be taken back",
            },
        ),
        MessageKind(
            name="ended",
            title="a run ended",
            example={
                **_RUN,
                "outcome": "done",
                "sentence": "the service serves again",
                "lines": ["restore 14m of 30m"],
                "left": [],
            },
        ),
        MessageKind(
            name="test",
            title="a channel is tried",
            example={"environment": "production", "by": "ada"},
        ),
    )
}

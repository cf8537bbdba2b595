"""What a person does and signs, with the evidence that the step asks for."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind
from tfdash.procedures.answer import is_link
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell
from tfdash.procedures.protocols import Given, RunRefused

LONGEST = 20_000
"""Characters of what a person may write in one go."""
_WORDS = {"note": "a note", "link": "a link", "file": "a file"}


class ManualStep(KindOfStep):
    kind = StepKind.MANUAL
    begins = False
    by_person = True

    async def prepare(self, doing: Doing) -> StepShown:
        wanted = [_WORDS[one] for one in doing.step.evidence if one in _WORDS]
        lines = [doing.step.by_hand] if doing.step.by_hand else []
        lines += [f"it is signed with {' and '.join(wanted)}"] if wanted else []
        return StepShown(lines=tuple(lines), may=("sign",))

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd:
        return await signed(doing, given)


async def signed(doing: Doing, given: Given) -> StepEnd:
    """What a person says they did. Raises ``RunRefused`` where evidence is wanting."""
    wanting = [
        _WORDS[one] for one in doing.step.evidence if one in _WORDS and not getattr(given, one).strip()
    ]
    if wanting:
        raise RunRefused(f"it is signed with {' and '.join(wanting)}")
    if (link := given.link.strip()) and "link" in doing.step.evidence and not is_link(link):
        raise RunRefused(f"{link!r} is no link", remedy='give its whole address: "https://..."')
    data: dict[str, Any] = {"worked": given.worked is not False}
    for name in ("note", "link", "reason"):
        if text := getattr(given, name).strip():
            if len(text) > LONGEST:
                raise RunRefused(
                    f"the {name} is longer than {LONGEST:,} characters", remedy="give it as a file"
                )
            data[name] = text
    if given.file:
        data["file"] = Path(given.file).name
        data["digest"] = await asyncio.to_thread(digest_of, given.file)
    said = given.note.strip() or given.reason.strip() or given.link.strip()
    word = "signed" if given.worked is not False else "signed as not worked"
    return StepEnd(kind=RunEventKind.SIGNED, sentence=f"{word}: {said}" if said else word, data=data)


def digest_of(path: str) -> str:
    """SHA-256 of a file. Raises ``RunRefused``."""
    proof = Path(path).expanduser()
    try:
        if not proof.is_file():  # a pipe or a device may never end
            raise RunRefused(f"{path} is no file" if proof.exists() else f"there is no file {path}")
        with proof.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunRefused(f"{path} cannot be read: {error.strerror}") from None

"""The page of rotations at three sizes, and the way to it from a certificate."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from tests.tui import certificateworld as certs
from tests.tui.recorded import REF, Recorded
from tests.tui.running import SIZES, compare, running
from tests.unit.playbook.certificates import rotated
from tfdash.model.certificates import CertificateFacts
from tfdash.model.kube import Object
from tfdash.model.subject import Subject

ROOT = Subject(REF, "Certificate", "a", "root")
_LATER = certs.NOW - rotated.NOW  # the screens' clock is another one


def later(facts: CertificateFacts) -> CertificateFacts:
    return msgspec.structs.replace(
        facts, not_before=facts.not_before + _LATER, not_after=facts.not_after + _LATER
    )


OLD, NEW = later(rotated.OLD), later(rotated.NEW)


def shifted(objects: Sequence[Object]) -> list[Object]:
    """At the time of the screens."""
    found: list[Object] = []
    for one in objects:
        changed = {
            name: getattr(one, name) + _LATER
            for name in ("not_before", "not_after", "renewal", "created")
            if getattr(one, name, None) is not None
        }
        if (issued := getattr(one, "issued", None)) is not None:
            changed["issued"] = later(issued)
        found.append(msgspec.structs.replace(one, **changed))
    return found


def world(*bundles: Object) -> Recorded:
    """A root of which one bundle and two leaves are left."""
    objects = [
        *rotated.root(),
        rotated.signer(),
        *rotated.leaf("web", "OLD"),
        *rotated.leaf("api", "OLD"),
        *rotated.leaf("grpc"),
    ]
    tables: dict[str, list[Object]] = {"ServedCertificate": [], "Bundle": [], "ClusterIssuer": []}
    for one in (*shifted(objects), *bundles):
        tables.setdefault(type(one).KIND, []).append(one)
    return Recorded({**certs.world.objects(), **tables})


async def test_golden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    source = world(rotated.trusts("anchors", OLD, NEW), rotated.trusts("gateway", OLD))
    async with running(source, SIZES[0], start="rotation") as run:
        await run.shows("is rotated since")
        shown = {}
        for size in SIZES:
            await run.resize(*size)
            shown[size] = await run.still()
        for (width, height), text in shown.items():
            compare(f"rotation-{width}x{height}", text)


async def test_a_certificate_leads_to_the_rotation_of_its_authority() -> None:
    source = world(rotated.trusts("anchors", OLD, NEW), rotated.trusts("gateway", OLD))
    async with running(source, (160, 50), start="certificates") as run:
        await run.shows("a/web")
        run.table.move_to(ROOT._replace(name="web"))
        await run.press("p")
        await run.shows("Rotation web", "step 2 of 6", "kubectl edit configmap gateway -n mesh")


async def test_where_none_is_kept_it_says_so() -> None:
    async with running(Recorded(), (120, 40), start="rotation") as run:
        await run.shows("No authority is kept here")

"""Approvals without a shared database: objects whose creator the API server stamps.

A CertificateSigningRequest is the one built-in object in whose ``spec`` the server itself writes ``username``, ``uid``,
``groups`` and ``extra``, whatever the client sent, and whose ``spec`` cannot be changed afterwards (``managedFields`` name a
program, never a person). For each step one is made with a signer that nobody serves; it is never signed, its key is thrown
away, and the controller manager removes it after a day. What is asked or decided stands in the certificate request itself:
``CN=tfdash ask|approve|deny|use, OU=id, OU=digest of the plan``. The plan and the reason are annotations, which others may
change: the plan is believed for its digest only.

What it does not prove: whoever may impersonate the approver looks like the approver, because the server stamps the
impersonated user. Where both carry the server's ``credential-id`` and it is the same one, that is refused. Whoever may delete
CertificateSigningRequests can delete a denial.
"""

from __future__ import annotations

import base64
import secrets
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

import msgspec

from tfdash.actions.core.plan_digest import carried
from tfdash.actions.core.protocols import Answer, ApprovalRefused, LedgerUnavailable, NotSent, OutcomeUnknown
from tfdash.clock import Clock
from tfdash.model.action import Plan, Request
from tfdash.model.requests import ReadFailed
from tfdash.model.store_state import ApprovalRequest, Entry
from tfdash.store.approvals.protocol import as_shown, matches, still_open
from tfdash.store.log.canonical import audit_id, dump
from tfdash.text import safe

SIGNER = "tfdash.dev/approval"
PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
PLAN, REASON = "tfdash.dev/plan", "tfdash.dev/reason"
MASTERS = "system:masters"
_CREDENTIAL = "authentication.kubernetes.io/credential-id"
_LARGEST = 200_000  # bytes of the plan's annotation; the server takes 256 KiB of all annotations together


class CertificateRequests(Protocol):
    """The part of ``tfdash.actions.core.protocols.Writer`` that is needed."""

    async def identity(self) -> tuple[str, tuple[str, ...]]: ...

    async def send(self, request: Request, *, audit_id: str, timeout: float) -> Answer: ...

    async def read(self, path: str) -> Answer: ...


class Stamped(msgspec.Struct, frozen=True, kw_only=True):
    """One of our CertificateSigningRequests as the server has it. ``at`` is the server's time."""

    name: str
    verb: str
    id: str
    digest: str
    user: str
    groups: tuple[str, ...]
    credential: str
    at: float
    reason: str = ""
    plan: str = ""


def why_not_a_person(user: str, groups: Sequence[str], shared: Sequence[str]) -> str:
    """Why this user cannot approve, "" where they may."""
    if user.startswith("system:serviceaccount:") or "system:serviceaccounts" in groups:
        return f"{user} is a service account"
    if MASTERS in groups:
        return f"{user} is in {MASTERS}, past every rule of the cluster"
    if (
        not user
        or user.startswith("system:")
        or "system:unauthenticated" in groups
        or "system:nodes" in groups
    ):
        return f"{user or 'nobody'} is no person"
    if user in shared:
        return f"{user} is a login that several people share"
    return ""


class KubernetesApprovals:
    """See the module; on one cluster, by that cluster's identities. ``life`` in seconds."""

    def __init__(
        self,
        writer: CertificateRequests,
        clock: Clock,
        *,
        life: float = 900.0,
        shared: Sequence[str] = (),
        timeout: float = 5.0,
    ) -> None:
        self._writer, self._clock, self._life, self.shared, self._timeout = (
            writer,
            clock,
            life,
            tuple(shared),
            timeout,
        )

    stamped_by, every = "kubernetes", 10.0

    # -- what the store asks ------------------------------------------------------------------------------------

    async def identity(self) -> str:
        user, _ = await self.who()
        return user

    async def request(self, plan: Plan, reason: str) -> ApprovalRequest:
        text = msgspec.json.encode(carried(plan), order="sorted")
        packed = base64.b64encode(zlib.compress(text, 9)).decode()
        if len(packed) > _LARGEST:
            raise ApprovalRefused(
                "the plan is too large to be carried by the cluster; set [store] url to a PostgreSQL"
            )
        identifier = secrets.token_hex(8)
        await self.create(
            f"tfdash-ask-{identifier}",
            "ask",
            identifier,
            plan.digest,
            {PLAN: packed, REASON: reason[:2000]},
            "",
        )
        return await self.find(identifier)

    async def find(self, approval: str) -> ApprovalRequest:
        found = [r for r in await self.waiting() if r.id == approval]
        if not found:
            raise ApprovalRefused("there is no such request")
        return found[0]

    async def waiting(self) -> tuple[ApprovalRequest, ...]:
        stamped = await self.stamped()
        asked = [s for s in stamped if s.verb == "ask" and s.name == f"tfdash-ask-{s.id}"]
        return tuple(
            self._judge(ask, [s for s in stamped if s.id == ask.id])
            for ask in sorted(asked, key=lambda s: s.at)
        )

    def may_decide(self, request: ApprovalRequest, identity: str, approve: bool) -> None:
        still_open(request, self._clock.now())
        why = why_not_a_person(identity, (), self.shared)
        if why:
            raise ApprovalRefused(f"{why} and cannot approve")
        if approve and identity == request.requester:
            raise ApprovalRefused("whoever asked cannot approve: it needs a second person")

    async def decide(
        self, request: ApprovalRequest, approve: bool, reason: str, entry: Entry
    ) -> ApprovalRequest:
        user, groups = await self.who()
        why = why_not_a_person(user, groups, self.shared)
        if why:
            raise ApprovalRefused(f"{why} and cannot approve")
        verb = "approve" if approve else "deny"
        name = f"tfdash-{verb}-{request.id}-{secrets.token_hex(4)}"
        await self.create(name, verb, request.id, request.digest, {REASON: reason[:2000]}, audit_id(entry))
        decided = await self.find(request.id)
        as_shown(decided, request.digest)  # an approval of another plan never holds (``_holds``)
        return decided

    async def consume(self, approval: str, digest: str, requester: str) -> ApprovalRequest:
        request = await self.find(approval)
        still_open(request, request.requested_at)
        matches(request, digest, requester)
        if request.requester != requester:
            raise ApprovalRefused(f"the request is {request.requester}'s")
        used = await self.create(f"tfdash-use-{approval}", "use", approval, digest, {}, "")
        if used.at >= request.expires_at:  # both by the server's clock
            raise ApprovalRefused("the request has expired; make the plan again and ask again")
        after = await self.find(approval)  # a denial may have come in between
        if after.state == "denied":
            raise ApprovalRefused(f"{after.approver} denied it; one denial ends it")
        return msgspec.structs.replace(request, state="consumed")

    # -- judging what is there ----------------------------------------------------------------------------------

    def _judge(self, ask: Stamped, steps: Sequence[Stamped]) -> ApprovalRequest:
        expires = ask.at + self._life
        denied = next((s for s in steps if s.verb == "deny"), None)
        approved = next((s for s in steps if s.verb == "approve" and self._holds(ask, s, expires)), None)
        used = any(s.verb == "use" for s in steps)
        state = "waiting"
        if denied is not None:
            state = "denied"
        elif used:
            state = "consumed"
        elif self._clock.now() >= expires:
            state = "expired"
        elif approved is not None:
            state = "approved"
        who = denied or approved
        return ApprovalRequest(
            id=ask.id,
            digest=ask.digest,
            requester=ask.user,
            requested_at=ask.at,
            expires_at=expires,
            reason=ask.reason,
            plan=ask.plan,
            state=state,
            approver=who.user if who is not None else "",
            stamped_by="kubernetes",
        )

    def _holds(self, ask: Stamped, step: Stamped, expires: float) -> bool:
        """Whether it is an approval of this plan, in time, by another person with another credential."""
        return (
            step.digest == ask.digest
            and ask.at <= step.at < expires
            and step.user != ask.user
            and not why_not_a_person(step.user, step.groups, self.shared)
            and not (step.credential and step.credential == ask.credential)
        )

    # -- the cluster --------------------------------------------------------------------------------------------

    async def who(self) -> tuple[str, tuple[str, ...]]:
        try:
            return await self._writer.identity()
        except ReadFailed as error:
            raise LedgerUnavailable(f"the cluster does not say who we are: {error.problem}") from None

    async def stamped(self) -> list[Stamped]:
        try:
            answer = await self._writer.read(PATH)
        except ReadFailed as error:
            raise LedgerUnavailable(f"approvals cannot be read from the cluster: {error.problem}") from None
        if not answer.ok:
            raise LedgerUnavailable(f"approvals cannot be read from the cluster: {safe(answer.message)}")
        items = answer.body.get("items")
        found = (
            [read_stamped(item) for item in items if isinstance(item, Mapping)]
            if isinstance(items, list)
            else []
        )
        return [stamped for stamped in found if stamped is not None]

    async def create(
        self, name: str, verb: str, identifier: str, digest: str, annotations: Mapping[str, str], audit: str
    ) -> Stamped:
        request = create_request(name, verb, identifier, digest, annotations)
        try:
            answer = await self._writer.send(request, audit_id=audit, timeout=self._timeout)
        except NotSent as error:
            raise LedgerUnavailable(f"not sent to the cluster: {safe(str(error))}") from None
        except OutcomeUnknown as error:
            raise LedgerUnavailable(
                f"the cluster did not answer; look before you try again: {safe(str(error))}"
            ) from None
        if answer.status == 409:
            raise ApprovalRefused(
                "this approval was used already" if verb == "use" else "there is one of that name already"
            )
        if answer.status == 403:
            raise ApprovalRefused(f"the cluster does not allow it: {safe(answer.message)}")
        stamped = read_stamped(answer.body) if answer.ok else None
        if stamped is None:
            raise LedgerUnavailable(f"the cluster said {answer.status}: {safe(answer.message)}")
        return stamped


def create_request(
    name: str, verb: str, identifier: str, digest: str, annotations: Mapping[str, str]
) -> Request:
    """The one request by which a step is made. What the server stamps is left out; it would be overwritten anyhow."""
    body = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name, "annotations": dict(annotations)},
        "spec": {
            "signerName": SIGNER,
            "usages": ["client auth"],
            "request": _certificate_request(verb, identifier, digest),
        },
    }
    return Request(method="POST", path=PATH, body=dump(body), what=f"{verb} an approval", dry_run=False)


def path_of(name: str) -> str:
    return f"{PATH}/{quote(name, safe='')}"


def _certificate_request(verb: str, identifier: str, digest: str) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    names = [
        x509.NameAttribute(NameOID.COMMON_NAME, f"tfdash {verb}"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, identifier),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, digest),
    ]
    key = ec.generate_private_key(ec.SECP256R1())  # thrown away: nothing is ever signed for it
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names)).sign(key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


def read_stamped(document: Mapping[str, Any]) -> Stamped | None:
    """What the server stamped and what the request says; None for one that is not ours or not whole."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    spec, meta = document.get("spec"), document.get("metadata")
    if not isinstance(spec, Mapping) or not isinstance(meta, Mapping) or spec.get("signerName") != SIGNER:
        return None
    try:
        subject = x509.load_pem_x509_csr(base64.b64decode(str(spec.get("request", "")))).subject
        name = str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        identifier, digest = (
            str(a.value) for a in subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        )
        at = datetime.fromisoformat(str(meta.get("creationTimestamp", ""))).timestamp()
    except (ValueError, IndexError):
        return None
    if not name.startswith("tfdash "):
        return None
    notes = meta.get("annotations")
    notes = notes if isinstance(notes, Mapping) else {}
    extra = spec.get("extra")
    credential = extra.get(_CREDENTIAL) if isinstance(extra, Mapping) else None
    return Stamped(
        name=str(meta.get("name", "")),
        verb=name.removeprefix("tfdash "),
        id=identifier,
        digest=digest,
        user=str(spec.get("username", "")),
        groups=tuple(str(g) for g in spec.get("groups") or ()),
        credential=str(credential[0]) if isinstance(credential, list) and credential else "",
        at=at,
        reason=str(notes.get(REASON, "")),
        plan=_unpacked(str(notes.get(PLAN, ""))),
    )


def _unpacked(packed: str) -> str:
    """At most 4 MB come out, whatever goes in."""
    if not packed:
        return ""
    try:
        return zlib.decompressobj().decompress(base64.b64decode(packed), 4 << 20).decode("utf-8", "replace")
    except (ValueError, zlib.error):
        return ""

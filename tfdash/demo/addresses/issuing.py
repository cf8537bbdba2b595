"""What the simulated cert-manager issued, as X.509, by the dates of its Certificate, and signed by whom its issuer signs with then. Keys, serials and
signatures follow from the world's luck.

Of each Certificate the issues of this run are known, and the one before them, whose dates follow from its lifetime.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from tfdash.demo import tls
from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import Obj, dig, seconds
from tfdash.demo.cluster_state import ClusterState
from tfdash.demo.controllers.cert_manager import parts as p
from tfdash.demo.tls import Issued

_ACME = "(simulated) ACME root"
_YEARS = 3650 * 86_400.0
_NOWHERE = "cert-manager"  # where ClusterIssuers look for their Secrets


class Dates(NamedTuple):
    """Epoch seconds."""

    begins: float
    ends: float


def dates_of(status: Obj) -> Dates:
    """Of a Certificate's status that has them."""
    return Dates(seconds(status["notBefore"]) or 0.0, seconds(status["notAfter"]) or 0.0)


class Issues:
    """Listens from before anything is laid down."""

    def __init__(self, cluster: ClusterState) -> None:
        self._cluster, self._store = cluster, cluster.store
        self._known: dict[StoreKey, list[Dates]] = {}
        self._made: dict[tuple[StoreKey, Dates], Issued] = {}
        self._acme: Issued | None = None
        self._store.listen(p.CERTIFICATES, self._noted)

    def _noted(self, storage: str, event: Happened) -> None:
        if event.type == DELETED:
            self._known.pop(event.now.key, None)
            return
        status = event.now.obj.get("status") or {}
        begins, ends = seconds(status.get("notBefore")), seconds(status.get("notAfter"))
        if begins is None or ends is None:
            return
        known = self._known.setdefault(event.now.key, [])
        if not known and int(status.get("revision") or 1) > 1:
            known.append(Dates(begins - (ends - begins) * 2 // 3, ends - (ends - begins) * 2 // 3))
        if not known or known[-1] != (begins, ends):
            known.append(Dates(begins, ends))

    def make(self, key: StoreKey) -> None:
        """All that were issued so far, by whom its issuer signs with now."""
        for dates in self._known.get(key, ()):
            self.of(key, dates)

    def now(self, key: StoreKey) -> Issued | None:
        """The one that is kept; None where none is."""
        known = self._known.get(key)
        return self.of(key, known[-1]) if known else None

    def kept(self) -> list[Issued]:
        """All that are kept now."""
        return [one for key in tuple(self._known) if (one := self.now(key)) is not None]

    def at(self, key: StoreKey, when: float) -> Dates | None:
        """Which was kept then; the first where none was yet."""
        known = self._known.get(key)
        return known[max(0, bisect_right(known, (when, float("inf"))) - 1)] if known else None

    def of(self, key: StoreKey, dates: Dates) -> Issued | None:
        """None where the Certificate, or who signed it, is not there any more."""
        made = self._made.get((key, dates))
        if made is None and (found := self._store.find(p.CERTIFICATES, *key)) is not None:
            issuer = self._issuer(found)
            signer = None if issuer is None else self._signer(issuer, key[0], dates)
            if issuer is None or (signer is None and dig(issuer, "spec", "selfSigned") is None):
                return None
            made = self._made[key, dates] = self._issue(key, found, dates, signer)
        return made

    def _issue(self, key: StoreKey, found: Obj, dates: Dates, signer: Issued | None) -> Issued:
        names, name = p.names_of(found), dig(found, "spec", "commonName", default="")
        kept = dig(found, "spec", "privateKey", "rotationPolicy") == "Never"
        at, once = str(dates.begins), self._cluster.luck.once
        return tls.issue(
            name or (names[0] if names and len(names[0]) <= 64 else ""),
            *dates,
            signer,
            names=names,
            authority=bool(dig(found, "spec", "isCA")),
            key=tls.key_of(once("key", *key, "" if kept else at).getrandbits(255) | 1),
            serial=once("serial", *key, at).getrandbits(127) | 1,
        )

    def _issuer(self, found: Obj) -> Obj | None:
        ref = found["spec"]["issuerRef"]
        if ref.get("kind") == "ClusterIssuer":
            return self._store.find(p.CLUSTER_ISSUERS, "", ref["name"])
        return self._store.find(p.ISSUERS, found["metadata"]["namespace"], ref["name"])

    def _signer(self, issuer: Obj, namespace: str, dates: Dates) -> Issued | None:
        if dig(issuer, "spec", "acme") is not None:
            return self.acme
        secret = dig(issuer, "spec", "ca", "secretName")
        where = issuer["metadata"].get("namespace") or _NOWHERE
        for one in self._store.all(p.CERTIFICATES, where):
            if one["spec"]["secretName"] == secret:
                key = (where, one["metadata"]["name"])
                signs = self.at(key, dates.begins)
                return self.of(key, signs) if signs is not None else None
        return None

    @property
    def acme(self) -> Issued:
        """Whom all the world trusts."""
        if self._acme is None:
            at = self._cluster.shown_from
            luck = self._cluster.luck.once("acme")
            self._acme = tls.issue(
                _ACME,
                at - _YEARS / 2,
                at + _YEARS,
                authority=True,
                key=tls.key_of(luck.getrandbits(255) | 1),
                serial=luck.getrandbits(127) | 1,
            )
        return self._acme

    def named(self, issuer: str) -> Issued | None:
        """Who signs for a ClusterIssuer now."""
        found = self._store.find(p.CLUSTER_ISSUERS, "", issuer)
        now = self._cluster.agenda.now()
        return None if found is None else self._signer(found, _NOWHERE, Dates(now, now))

    def roots(self) -> list[Issued]:
        """All that clients are to trust: authorities that sign themselves, in each of their issues."""
        found = [self.acme]
        for key, several in self._known.items():
            made = self._store.find(p.CERTIFICATES, *key)
            issuer = None if made is None else self._issuer(made)
            if made is None or issuer is None or not dig(made, "spec", "isCA"):
                continue
            if dig(issuer, "spec", "selfSigned") is not None:
                found += [one for dates in several if (one := self.of(key, dates)) is not None]
        return found

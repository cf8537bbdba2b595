"""cert-manager's Certificates: triggered, requested, issued or failed, in the order of the real controllers (cert-manager,
pkg/controller/certificates): who waits for what, how often it is tried again, and in whose words it is said.
"""

from __future__ import annotations

from tfdash.demo.addresses.issuing import dates_of
from tfdash.demo.addresses.server import Addresses
from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.object_store import DELETED, MODIFIED, Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    annotations_of,
    condition_is,
    created,
    dig,
    name_of,
    namespace_of,
    seconds,
    stamp,
    with_status,
)
from tfdash.demo.apiserver.objects import condition as condition_of
from tfdash.demo.controllers.cert_manager import parts as p
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.workload import live_owner, set_condition

_BACKOFF, _LONGEST = 3600.0, 32 * 3600.0
_SHARED = 180.0  # seconds between two looks at a Secret that another Certificate has
_SIGNED = 2.0  # seconds that an authority takes
_PROVEN = 25.0  # seconds until an ACME server has seen all challenges
_GIVEN_UP = 60.0  # seconds until it calls one invalid
_UNREADY = 30.0


class Issuance:
    """See the module."""

    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        self._issues = kernel.cluster.backend(Addresses).issues
        kernel.store.listen(p.CERTIFICATES, self._own)

    def _own(self, storage: str, event: Happened) -> None:
        if event.type == DELETED:
            return
        mine = event.type == MODIFIED and event.before is not None and event.before.obj == event.now.obj
        if not mine:
            self._k.look(self.reconcile, event.now.key)

    def reconcile(self, key: StoreKey) -> None:
        found = live_owner(self._k.store, p.CERTIFICATES, key)
        if found is None or key in self._k.cluster.asleep:
            return
        if condition_is(found, "Issuing"):
            self._issue(key, found)
            return
        begins = self._begins(found)
        if begins is None:
            self._k.look(self.reconcile, key, _SHARED)
        elif begins > self._k.now():
            self._k.look(self.reconcile, key, begins - self._k.now() + 0.01)
        else:
            self._trigger(found)

    # -- when ---------------------------------------------------------------------------------------------------

    def _begins(self, found: Obj) -> float | None:
        """When it is to be issued next; None while its Secret is another's."""
        there = self._k.store.find("secrets", namespace_of(found), found["spec"]["secretName"])
        if there is not None and annotations_of(there).get(p.NAME) != name_of(found):
            return None
        status = found.get("status") or {}
        failed = seconds(status.get("lastFailureTime"))
        if failed is not None:
            doubled = _BACKOFF * 2.0 ** min(p.attempts(status) - 1, 30)
            return failed + min(doubled, _LONGEST)
        renewal = seconds(status.get("renewalTime"))
        return self._k.now() if there is None or renewal is None else renewal

    def _trigger(self, found: Obj) -> None:
        renewal = dig(found, "status", "renewalTime")
        reason, message = ("DoesNotExist", "Issuing certificate as Secret does not exist")
        if renewal is not None:
            reason = "Renewing"
            message = f"Renewing certificate as renewal was scheduled at {renewal}"
        conditions = self._with(found, "Issuing", "True", reason, message)
        if renewal is None:
            conditions = set_condition(conditions, "Ready", "False", reason, message, self._k.now())
        self._k.tell(p.CERTIFICATES, found, "Normal", "Issuing", message, p.SOURCE)
        self._k.update(p.CERTIFICATES, with_status(found, conditions=conditions))

    def _with(self, found: Obj, kind: str, status: str, reason: str, message: str) -> list[Obj]:
        conditions = dig(found, "status", "conditions", default=[])
        return set_condition(conditions, kind, status, reason, message, self._k.now())

    # -- one issuance -------------------------------------------------------------------------------------------

    def _issue(self, key: StoreKey, found: Obj) -> None:
        revision = int(dig(found, "status", "revision", default=0)) + 1
        request = self._k.store.find(p.REQUESTS, key[0], f"{key[1]}-{revision}")
        since = seconds((condition_of(found, "Issuing") or {}).get("lastTransitionTime")) or 0.0
        if request is not None and (seconds(dig(request, "status", "failureTime")) or since) < since:
            remove(self._k.store, p.REQUESTS, request)  # that of the try before
            self._k.look(self.reconcile, key, 0.5)
        elif request is None:
            self._k.store.create(p.REQUESTS, p.request(found, revision, self._k.now()))
            self._k.look(self.reconcile, key, 0.5)
        else:
            self._request(key, found, request, revision)

    def _request(self, key: StoreKey, found: Obj, request: Obj, revision: int) -> None:
        ref = found["spec"]["issuerRef"]
        kind = ref.get("kind", "Issuer")
        storage, where = (p.CLUSTER_ISSUERS, "") if kind == "ClusterIssuer" else (p.ISSUERS, key[0])
        issuer = self._k.store.find(storage, where, ref["name"])
        if issuer is None or not condition_is(issuer, "Ready"):
            told = (
                f'Referenced "{kind}" not found: {kind.lower()}.cert-manager.io "{ref["name"]}" not found'
                if issuer is None
                else "Referenced issuer does not have a Ready status condition"
            )
            self._pending(request, told)
            self._k.look(self.reconcile, key, _UNREADY)
        elif dig(issuer, "spec", "acme") is not None:
            self._acme(key, found, request, revision)
        elif self._k.now() < created(request) + _SIGNED:
            self._k.look(self.reconcile, key, _SIGNED)
        else:
            self._issued(found, request, revision)

    def _pending(self, request: Obj, message: str) -> None:
        conditions = self._with(request, "Ready", "False", "Pending", message)
        self._k.update(p.REQUESTS, with_status(request, conditions=conditions))

    def _acme(self, key: StoreKey, found: Obj, request: Obj, revision: int) -> None:
        orders = self._k.store.owned(p.ORDERS, request)
        if not orders:
            ordered = self._k.store.create(p.ORDERS, p.order(found, request))
            for place, domain in enumerate(p.names_of(found), 1):
                self._k.store.create(p.CHALLENGES, p.challenge(ordered, domain, place))
            where = f"{key[0]}/{name_of(ordered)}"
            self._pending(request, f'Waiting on certificate issuance from order {where}: "pending"')
            self._k.look(self.reconcile, key, _PROVEN)
            return
        [ordered] = orders
        age, why = self._k.now() - created(ordered), self._k.cluster.unproven.get(key, "")
        challenges = self._k.store.owned(p.CHALLENGES, ordered)
        if why and age < _GIVEN_UP:
            self._k.look(self.reconcile, key, _GIVEN_UP - age)
        elif why:
            for one in challenges[:1]:
                failed = with_status(one, state="invalid", processing=False, presented=False, reason=why)
                self._k.update(p.CHALLENGES, failed)
            self._k.update(p.ORDERS, with_status(ordered, state="invalid", failureTime=stamp(self._k.now())))
            self._failed(
                found,
                request,
                f'Failed to wait for order resource "{name_of(ordered)}" to become ready: order is in "invalid" state: ',
            )
        elif age < _PROVEN:
            self._k.look(self.reconcile, key, _PROVEN - age)
        else:
            for one in challenges:
                remove(self._k.store, p.CHALLENGES, one)
            self._k.update(p.ORDERS, with_status(ordered, state="valid"))
            self._issued(found, request, revision)

    def _failed(self, found: Obj, request: Obj, message: str) -> None:
        now = self._k.now()
        conditions = self._with(request, "Ready", "False", "Failed", message)
        self._k.update(
            p.REQUESTS,
            with_status(request, conditions=conditions, failureTime=stamp(now)),
        )
        told = f"The certificate request has failed to complete and will be retried: {message}"
        self._k.tell(p.CERTIFICATES, found, "Warning", "Failed", told, "cert-manager-certificates-issuing")
        self._k.update(
            p.CERTIFICATES,
            with_status(
                found,
                conditions=self._with(found, "Issuing", "False", "Failed", told),
                lastFailureTime=stamp(now),
                failedIssuanceAttempts=p.attempts(found.get("status")) + 1,
            ),
        )

    def _issued(self, found: Obj, request: Obj, revision: int) -> None:
        now = self._k.now()
        message = "Certificate fetched from issuer successfully"
        conditions = self._with(request, "Ready", "True", "Issued", message)
        times = p.times(now, p.lifetime(found))
        made = self._issues.of((namespace_of(found), name_of(found)), dates_of(times))
        self._k.update(p.REQUESTS, with_status(request, conditions=conditions, **p.answered(made)))
        kept_in = self._k.store.find("secrets", namespace_of(found), found["spec"]["secretName"])
        if kept_in is None:
            self._k.store.create("secrets", p.secret(found, made))
        else:
            self._k.update("secrets", {**kept_in, "data": p.secret(found, made)["data"]})
        kept = [c for c in dig(found, "status", "conditions", default=[]) if c["type"] != "Issuing"]
        after = with_status(
            found,
            conditions=set_condition(kept, "Ready", "True", "Ready", p.UP_TO_DATE, now),
            revision=revision,
            lastFailureTime=None,
            failedIssuanceAttempts=None,
            **times,
        )
        self._k.tell(
            p.CERTIFICATES, found, "Normal", "Issuing", p.ISSUED, "cert-manager-certificates-issuing"
        )
        self._k.update(p.CERTIFICATES, after)
        for older in self._k.store.owned(p.REQUESTS, found):  # revisionHistoryLimit 1
            if name_of(older) != name_of(request):
                remove(self._k.store, p.REQUESTS, older)

"""Where the simulated platform's people write down whom they trust: in Bundles and ConfigMaps, as PEM. They add an authority at once, and take one
out when nothing that it signed is kept or served any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tfdash.demo.addresses.issuing import Issues
from tfdash.demo.apiserver.objects import Obj, dig, with_meta, with_spec
from tfdash.demo.cluster_state import ClusterState
from tfdash.demo.controllers.cert_manager import parts as p
from tfdash.demo.scenarios.step import Step
from tfdash.demo.tls import Issued

BUNDLES = "bundles.trust.cert-manager.io"
_SPACE = "cert-manager"  # where authorities are kept
_AGAIN = 30.0  # seconds between two looks at whether an old one may go


class Trust:
    """``served``: what addresses serve now."""

    def __init__(self, cluster: ClusterState, issues: Issues, served: Callable[[], Iterable[Issued]]) -> None:
        self._cluster, self._store = cluster, cluster.store
        self._issues, self._served = issues, served

    def add(self, step: Step) -> None:
        """``service``, a Bundle or a ConfigMap of ``namespace``, trusts ``authority`` too."""
        found = self._issues.now((_SPACE, step.authority))
        if found is not None:
            pem = found.pem.decode()
            self._write(step, lambda held: held if pem in held else [*held, pem])

    def remove(self, step: Step) -> None:
        """It trusts ``authority`` no more, as soon as nothing of it is left."""
        found = self._issues.now((_SPACE, step.authority))
        if found is None:
            return
        if any(one.is_by(found) for one in (*self._issues.kept(), *self._served())):
            self._cluster.agenda.after(_AGAIN, self.remove, step)
            return
        pem = found.pem.decode()
        self._write(step, lambda held: [text for text in held if text != pem])

    def sign_with(self, step: Step) -> None:
        """The ClusterIssuer ``service`` signs with ``authority`` from now on."""
        issuer = self._store.find(p.CLUSTER_ISSUERS, "", step.service)
        kept = self._store.find(p.CERTIFICATES, _SPACE, step.authority)
        if issuer is not None and kept is not None:
            after = with_spec(issuer, ca={"secretName": kept["spec"]["secretName"]})
            generation = issuer["metadata"].get("generation", 0) + 1
            self._store.update(p.CLUSTER_ISSUERS, with_meta(after, generation=generation))

    def _write(self, step: Step, change: Callable[[list[str]], list[str]]) -> None:
        bundle = self._store.find(BUNDLES, "", step.service)
        if bundle is not None:
            sources = dig(bundle, "spec", "sources", default=[])
            held = [s["inLine"] for s in sources if "inLine" in s]
            others = [s for s in sources if "inLine" not in s]
            after = with_spec(bundle, sources=[*others, *({"inLine": pem} for pem in change(held))])
            meta = bundle["metadata"]
            self._store.update(BUNDLES, with_meta(after, generation=meta.get("generation", 0) + 1))
        kept = self._store.find("configmaps", step.namespace, step.service)
        if kept is not None:
            self._store.update("configmaps", {**kept, "data": _changed(kept["data"], change)})


def _changed(data: Obj, change: Callable[[list[str]], list[str]]) -> Obj:
    end = "-----END CERTIFICATE-----\n"
    return {
        key: "".join(change([part + end for part in text.split(end) if part.strip()]))
        for key, text in data.items()
    }

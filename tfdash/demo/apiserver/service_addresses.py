"""Cluster addresses for Services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfdash.demo.apiserver.objects import Obj, name_of, namespace_of, with_spec

if TYPE_CHECKING:
    from tfdash.demo.cluster import Cluster


def give_address(cluster: Cluster, service: Obj) -> Obj:
    """A cluster IP that no other Service has, unless it is headless or external."""
    spec = service.get("spec", {})
    if spec.get("clusterIP") == "None":
        return with_spec(service, clusterIPs=["None"])
    if spec.get("clusterIP") or spec.get("type") == "ExternalName":
        return service
    taken = {s["spec"].get("clusterIP") for s in cluster.store.all("services")}
    rng = cluster.luck.of("address", namespace_of(service), name_of(service))
    while True:
        address = f"10.96.{rng.randrange(256)}.{rng.randrange(1, 255)}"
        if address not in taken:
            return with_spec(service, clusterIP=address, clusterIPs=[address])

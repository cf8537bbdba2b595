"""Services and Ingresses as they are when the demo begins."""

from __future__ import annotations

from tfdash.demo.apiserver.defaults import filled
from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.apiserver.service_addresses import give_address
from tfdash.demo.scenarios.catalogue import Service
from tfdash.demo.scenarios.ground import DAY, Ground


def lay_network(ground: Ground, service: Service, namespace: str) -> None:
    """The Service, a StatefulSet's headless one beside it, and the Ingress where it has one."""
    selector = {"app": service.name}
    meta = {"namespace": namespace, "labels": selector}
    port = {
        "name": "http" if service.port in (8080, 9090) else "main",
        "port": 80 if service.port == 8080 else service.port,
        "targetPort": service.port,
    }
    spec: Obj = {"selector": selector, "ports": [port]}
    status: Obj = {"loadBalancer": {}}
    if service.load_balancer:
        spec["type"] = "LoadBalancer"
        port["nodePort"] = 30000 + ground.chance(namespace, service.name).randrange(2000)
        status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.10", "ipMode": "VIP"}]}}
    obj = give_address(
        ground.cluster,
        filled("services", {"metadata": {"name": service.name, **meta}, "spec": spec, "status": status}),
    )
    ground.put("services", obj, 58 * DAY, "argocd-controller")
    if service.kind == "StatefulSet":
        headless = {
            "metadata": {"name": f"{service.name}-headless", **meta},
            "spec": {**spec, "clusterIP": "None"},
            "status": status,
        }
        ground.put(
            "services",
            give_address(ground.cluster, filled("services", headless)),
            58 * DAY,
            "argocd-controller",
        )
    if service.ingress:
        host = f"{service.ingress}.{ground.plan.environments[ground.environment].domain}"
        back = {"service": {"name": service.name, "port": {"number": 80}}}
        rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": back}]}}
        ground.put(
            "ingresses.networking.k8s.io",
            {
                "metadata": {"name": service.name, **meta},
                "spec": {
                    "ingressClassName": "nginx",
                    "tls": [{"hosts": [host], "secretName": f"{service.name}-tls"}],
                    "rules": [rule],
                },
                "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}},
            },
            58 * DAY,
            "argocd-controller",
        )

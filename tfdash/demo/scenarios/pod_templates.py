"""Pod templates of the catalogue's services."""

from __future__ import annotations

from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.scenarios.catalogue import Service
from tfdash.quantities import parse, text

REGISTRY = "registry.terrafusion.example"


def image(service: Service, version: str) -> str:
    return f"{REGISTRY}/{service.image or service.name}:{version}"


def _probe(service: Service, path: str) -> Obj:
    if service.port == 8080:
        return {"httpGet": {"path": path, "port": "main"}, "periodSeconds": 10}
    return {"tcpSocket": {"port": "main"}, "periodSeconds": 10}


def template_of(service: Service, version: str, environment: str) -> Obj:
    """The pod template of one version."""
    limit = service.memory_limit or service.memory
    container: Obj = {
        "name": service.name,
        "image": image(service, version),
        "resources": {
            "requests": {"cpu": service.cpu, "memory": service.memory},
            "limits": {"cpu": text(2 * parse(service.cpu)), "memory": limit},
        },
        "env": [
            {
                "name": "ENVIRONMENT",
                "valueFrom": {"configMapKeyRef": {"name": f"{service.name}-config", "key": "ENVIRONMENT"}},
            },
            {
                "name": "DATABASE_PASSWORD",
                "valueFrom": {
                    "secretKeyRef": {"name": f"{service.name}-secrets", "key": "DATABASE_PASSWORD"}
                },
            },
        ],
        "volumeMounts": [{"name": "config", "mountPath": "/etc/terrafusion", "readOnly": True}],
    }
    spec: Obj = {
        "serviceAccountName": service.name,
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": f"{service.name}-config", "defaultMode": 420}}],
    }
    if service.mounts:
        container["volumeMounts"].append({"name": "tls", "mountPath": "/etc/tls", "readOnly": True})
        given = {"secretName": service.mounts, "defaultMode": 420}
        spec["volumes"].append({"name": "tls", "secret": given})
    labels = {
        "app": service.name,
        "app.kubernetes.io/part-of": "terrafusion",
        "app.kubernetes.io/version": version,
    }
    if service.kind == "CronJob":
        spec["restartPolicy"] = "Never"
    else:
        container["ports"] = [{"name": "main", "containerPort": service.port}]
        container["readinessProbe"] = _probe(service, "/readyz")
        container["livenessProbe"] = {**_probe(service, "/healthz"), "initialDelaySeconds": 10}
    if service.kind == "StatefulSet":
        container["volumeMounts"].append({"name": "data", "mountPath": "/var/lib/data"})
        spec["terminationGracePeriodSeconds"] = 60
    if service.migrate:
        spec["initContainers"] = [
            {
                "name": "migrate",
                "image": image(service, version),
                "args": ["migrate", "--wait"],
                "resources": {
                    "requests": {"cpu": "50m", "memory": "64Mi"},
                    "limits": {"cpu": "100m", "memory": "128Mi"},
                },
            }
        ]
    if service.sidecar:
        spec["containers"].append(
            {
                "name": "proxy",
                "image": f"{REGISTRY}/{service.sidecar}",
                "resources": {
                    "requests": {"cpu": "50m", "memory": "64Mi"},
                    "limits": {"cpu": "100m", "memory": "128Mi"},
                },
                "ports": [{"name": "proxy", "containerPort": 15001}],
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 15021}, "periodSeconds": 5},
            }
        )
    if service.tolerates:
        key, _, value = service.tolerates.partition("=")
        if environment != "development":
            spec["nodeSelector"] = {key: value}
        spec["tolerations"] = [{"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"}]
    if service.everywhere:
        spec["tolerations"] = [{"operator": "Exists"}]
        spec["priorityClassName"] = "system-node-critical"
        spec["priority"] = 2_000_001_000
    return {"metadata": {"labels": labels}, "spec": spec}

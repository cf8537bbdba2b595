"""The kinds of Kubernetes that the program knows, each said once.

From this table follow what the reading client may ask for, the decoders, the lists and their columns, the palette and its
aliases, ``--screen`` and its completion, the reports, and the rights that ``doctor`` asks for. It is only data and imports
nothing heavy: the command line reads it for its help.

A kind that is listed names its ``decoder``. One without a decoder is read singly, as the server has it. What rules and views
read by its type has its struct in ``model``; what is only listed may have it beside its decoder, and columns as data.
"""

from __future__ import annotations

from tfdash.model.custom_kinds import CUSTOM
from tfdash.model.kind_spec import KindSpec, PrinterColumn

_PODS_OF = "Containers|Images|Selector"
_CLAIM = "Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|VolumeMode"
_VOLUME = "Name|Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass|VolumeAttributesClass|Reason|Age|VolumeMode"
_ADMISSION = "apis/admissionregistration.k8s.io/v1"
_VOLUME_TONES = (("Bound", ""), ("Available", ""), ("Lost", "warn"), ("Failed", "warn"), ("", "moving"))

KINDS: dict[str, KindSpec] = {
    spec.kind: spec
    for spec in (
        KindSpec(
            "Deployment",
            "apis/apps/v1",
            "deployments",
            "workloads",
            "deployments",
            ("deploy", "dp", "deployments", "deployment"),
            judged=True,
            logs=True,
            revisions="ReplicaSet",
            why=True,
            printed=(f"Name|Ready|Up-to-date|Available|Age|{_PODS_OF}",),
        ),
        KindSpec(
            "Pod",
            "api/v1",
            "pods",
            "pods",
            "pods",
            ("po", "pods", "pod"),
            judged=True,
            logs=True,
            printed=("Name|Ready|Status|Restarts|Age|IP|Node|Nominated Node|Readiness Gates",),
        ),
        KindSpec(
            "Node",
            "api/v1",
            "nodes",
            "cluster",
            "nodes",
            ("no", "nodes", "node"),
            namespaced=False,
            judged=True,
            why=True,
            printed=(
                "Name|Status|Roles|Age|Version|Internal-IP|External-IP|OS-Image|Kernel-Version|Container-Runtime",
            ),
        ),
        KindSpec(
            "StatefulSet",
            "apis/apps/v1",
            "statefulsets",
            "workloads",
            "stateful sets",
            ("sts", "statefulsets", "statefulset"),
            judged=True,
            logs=True,
            revisions="ControllerRevision",
            why=True,
            printed=("Name|Ready|Age|Containers|Images",),
        ),
        KindSpec(
            "DaemonSet",
            "apis/apps/v1",
            "daemonsets",
            "workloads",
            "daemon sets",
            ("ds", "daemonsets", "daemonset"),
            judged=True,
            logs=True,
            revisions="ControllerRevision",
            why=True,
            printed=(f"Name|Desired|Current|Ready|Up-to-date|Available|Node Selector|Age|{_PODS_OF}",),
        ),
        KindSpec(
            "ReplicaSet",
            "apis/apps/v1",
            "replicasets",
            "workloads",
            "replica sets",
            ("rs", "replicasets", "replicaset"),
            judged=True,
            logs=True,
            printed=(f"Name|Desired|Current|Ready|Age|{_PODS_OF}",),
        ),
        KindSpec(
            "Job",
            "apis/batch/v1",
            "jobs",
            "jobs",
            "jobs",
            ("job", "jobs"),
            judged=True,
            logs=True,
            why=True,
            printed=(
                f"Name|Status|Completions|Duration|Age|{_PODS_OF}",
                f"Name|Completions|Duration|Age|{_PODS_OF}",
            ),
        ),
        KindSpec(
            "CronJob",
            "apis/batch/v1",
            "cronjobs",
            "jobs",
            "cron jobs",
            ("cj", "cronjobs", "cronjob"),
            judged=True,
            why=True,
            printed=(
                f"Name|Schedule|Timezone|Suspend|Active|Last Schedule|Age|{_PODS_OF}",
                f"Name|Schedule|Suspend|Active|Last Schedule|Age|{_PODS_OF}",
            ),
        ),
        KindSpec(
            "Service",
            "api/v1",
            "services",
            "network",
            "services",
            ("svc", "services", "service"),
            printed=("Name|Type|Cluster-IP|External-IP|Port(s)|Age|Selector",),
        ),
        KindSpec(
            "EndpointSlice",
            "apis/discovery.k8s.io/v1",
            "endpointslices",
            "network",
            "endpoint slices",
            ("eps", "endpointslices", "endpointslice"),
            printed=("Name|AddressType|Ports|Endpoints|Age",),
        ),
        KindSpec(
            "HorizontalPodAutoscaler",
            "apis/autoscaling/v2",
            "horizontalpodautoscalers",
            "scaling",
            "autoscalers",
            ("hpa", "hpas", "horizontalpodautoscalers"),
            judged=True,
            why=True,
            printed=("Name|Reference|Targets|MinPods|MaxPods|Replicas|Age",),
            list_id="hpas",
            screen="hpa",
        ),
        KindSpec(
            "PodDisruptionBudget",
            "apis/policy/v1",
            "poddisruptionbudgets",
            "scaling",
            "disruption budgets",
            ("pdb", "pdbs", "poddisruptionbudgets"),
            judged=True,
            printed=("Name|Min Available|Max Unavailable|Allowed Disruptions|Age",),
            list_id="pdbs",
            screen="pdb",
        ),
        KindSpec(
            "ResourceQuota",
            "api/v1",
            "resourcequotas",
            "capacity",
            "quotas",
            ("quota", "quotas", "resourcequotas", "resourcequota"),
            judged=True,
            printed=("Name|Request|Limit|Age",),
        ),
        KindSpec(
            "LimitRange",
            "api/v1",
            "limitranges",
            "capacity",
            "limit ranges",
            ("limits", "limitranges", "limitrange"),
            judged=True,
            columns=(
                PrinterColumn("NAME", "name", 30, printer="Name", priority=0, flexible=True),
                PrinterColumn("AGE", "created", shows="age", printer="Created At", priority=1),
            ),
            printed=("Name|Created At",),
        ),
        KindSpec(
            "PersistentVolumeClaim",
            "api/v1",
            "persistentvolumeclaims",
            "capacity",
            "volume claims",
            ("pvc", "pvcs", "persistentvolumeclaims", "persistentvolumeclaim"),
            judged=True,
            why=True,
            printed=(_CLAIM, _CLAIM.replace("VolumeAttributesClass|", "")),
            list_id="pvcs",
            screen="pvc",
        ),
        KindSpec(
            "PersistentVolume",
            "api/v1",
            "persistentvolumes",
            "capacity",
            "volumes",
            ("pv", "pvs", "persistentvolumes", "persistentvolume"),
            namespaced=False,
            judged=True,
            why=True,
            columns=(
                PrinterColumn("NAME", "name", 30, printer="Name", priority=0, flexible=True),
                PrinterColumn("CAPACITY", "capacity_text", 9, printer="Capacity", priority=1),
                PrinterColumn("MODES", "access_modes", 8, printer="Access Modes", priority=5),
                PrinterColumn("RECLAIM", "reclaim_policy", 8, printer="Reclaim Policy", priority=4),
                PrinterColumn("STATUS", "phase", 11, printer="Status", priority=0, tones=_VOLUME_TONES),
                PrinterColumn("CLAIM", "claim", 30, printer="Claim", priority=1, flexible=True),
                PrinterColumn("STORAGECLASS", "storage_class", 16, printer="StorageClass", priority=3),
                PrinterColumn("REASON", "reason", 16, printer="Reason", priority=6),
                PrinterColumn("AGE", "created", shows="age", printer="Age", priority=2),
            ),
            printed=(_VOLUME, _VOLUME.replace("VolumeAttributesClass|", "")),
            list_id="pvs",
            screen="pv",
        ),
        KindSpec(
            "StorageClass",
            "apis/storage.k8s.io/v1",
            "storageclasses",
            "capacity",
            "storage classes",
            ("sc", "storageclasses", "storageclass"),
            namespaced=False,
            columns=(
                PrinterColumn("NAME", "shown", 24, printer="Name", priority=0, flexible=True),
                PrinterColumn("PROVISIONER", "provisioner", 26, printer="Provisioner", priority=1),
                PrinterColumn("RECLAIM", "reclaim_policy", 8, printer="ReclaimPolicy", priority=3),
                PrinterColumn("BINDING", "binding_mode", 21, printer="VolumeBindingMode", priority=4),
                PrinterColumn("EXPANDS", "expandable", 7, printer="AllowVolumeExpansion", priority=5),
                PrinterColumn("AGE", "created", shows="age", printer="Age", priority=2),
            ),
            printed=("Name|Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age",),
        ),
        KindSpec(
            "PriorityClass",
            "apis/scheduling.k8s.io/v1",
            "priorityclasses",
            "capacity",
            "priority classes",
            ("pc", "priorityclasses", "priorityclass"),
            namespaced=False,
            columns=(
                PrinterColumn("NAME", "name", 30, printer="Name", priority=0, flexible=True),
                PrinterColumn("VALUE", "value", 12, shows="count", printer="Value", priority=0),
                PrinterColumn("DEFAULT", "default", 8, printer="Global-Default", priority=1),
                PrinterColumn("PREEMPTS", "preemption_policy", 20, priority=3),
                PrinterColumn("AGE", "created", shows="age", printer="Age", priority=2),
            ),
            printed=("Name|Value|Global-Default|Age|PreemptionPolicy", "Name|Value|Global-Default|Age"),
        ),
        KindSpec(
            "Namespace",
            "api/v1",
            "namespaces",
            "cluster",
            "namespaces",
            ("ns", "namespaces", "namespace"),
            namespaced=False,
            judged=True,
            columns=(
                PrinterColumn("NAME", "name", 36, printer="Name", priority=0, flexible=True),
                PrinterColumn(
                    "STATUS",
                    "phase",
                    12,
                    printer="Status",
                    priority=0,
                    tones=(("Active", ""), ("Terminating", "moving"), ("", "unknown")),
                ),
                PrinterColumn("AGE", "created", shows="age", printer="Age", priority=1),
                PrinterColumn("LABELS", "labels", 40, flexible=True, searched=False),
            ),
            printed=("Name|Status|Age",),
            title="namespaces: list or choose",
        ),
        KindSpec(
            "Event",
            "api/v1",
            "events",
            "cluster",
            "events",
            ("ev", "events", "event"),
            judged=True,
            printed=("Last Seen|Type|Reason|Object|Subobject|Source|Message|First Seen|Count|Name",),
        ),
        KindSpec(
            "PodMetrics",
            "apis/metrics.k8s.io/v1beta1",
            "pods",
            "usage",
            "pod metrics",
            ("podmetrics",),
            watched=False,
            served_by="metrics-server",
            judged=True,
            printed=("Name|cpu|memory|Window",),
            list_id="podmetrics",
        ),
        KindSpec(
            "NodeMetrics",
            "apis/metrics.k8s.io/v1beta1",
            "nodes",
            "usage",
            "node metrics",
            ("nodemetrics",),
            namespaced=False,
            watched=False,
            served_by="metrics-server",
            judged=True,
            printed=("Name|cpu|memory|Window",),
            list_id="nodemetrics",
        ),
        *CUSTOM,
        KindSpec("ControllerRevision", "apis/apps/v1", "controllerrevisions"),
        KindSpec("ConfigMap", "api/v1", "configmaps"),
        KindSpec("Secret", "api/v1", "secrets"),
        *(
            KindSpec(kind, api, f"{kind.lower()}s", namespaced=False)
            for kind, api in (
                ("ValidatingWebhookConfiguration", _ADMISSION),
                ("MutatingWebhookConfiguration", _ADMISSION),
                ("APIService", "apis/apiregistration.k8s.io/v1"),
                ("CustomResourceDefinition", "apis/apiextensions.k8s.io/v1"),
            )
        ),
        KindSpec("Ingress", "apis/networking.k8s.io/v1", "ingresses"),
        KindSpec("Gateway", "apis/gateway.networking.k8s.io/v1", "gateways"),
        KindSpec("Lease", "apis/coordination.k8s.io/v1", "leases"),
    )
}
PLAIN = KindSpec("", "", "")
"""What is said here of a kind that the table does not have."""
LISTED: dict[str, KindSpec] = {kind: spec for kind, spec in KINDS.items() if spec.listed}
OPTIONAL: dict[str, KindSpec] = {kind: spec for kind, spec in KINDS.items() if spec.optional}
JUDGED: tuple[str, ...] = tuple(kind for kind, spec in KINDS.items() if spec.judged)
LIST_SCREENS: tuple[str, ...] = tuple(spec.screen or spec.id for spec in LISTED.values())
"""The lists by their names for ``--screen``."""


def first_kind(screen: str) -> str:
    """The kind to fetch before all others for a first screen of that name: its own, where every cluster has it."""
    return next(
        (k for k, spec in LISTED.items() if screen == (spec.screen or spec.id) and not spec.optional),
        "Deployment",
    )

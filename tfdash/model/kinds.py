"""The kinds of Kubernetes that the program knows, each said once.

From this table follow what the reading client may ask for, the decoders, the lists and their columns, the palette and its
aliases, ``--screen`` and its completion, the reports, and the rights that ``doctor`` asks for. It is only data and imports
nothing heavy: the command line reads it for its help.

A kind that is listed names its ``decoder``. One without a decoder is read singly, as the server has it. What rules and views
read by its type has its struct in ``model``; what is only listed may have it beside its decoder, and columns as data.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple
from urllib.parse import quote


class PrinterColumn(NamedTuple):
    """A column that shows one attribute of the decoded object as it is; what needs more is a view of its own in ``views.kinds``.

    ``width`` in terminal cells; ``printer``: the API server's own name of the column; ``priority``: the highest is dropped
    first, 0 never; ``tones``: (text, colour token), with "" as text for all others.
    """

    title: str
    attribute: str
    width: int = 16
    shows: Literal["text", "count", "age"] = "text"
    printer: str = ""
    priority: int = 2
    flexible: bool = False
    searched: bool = True
    tones: tuple[tuple[str, str], ...] = ()


class KindSpec(NamedTuple):
    """``api`` is "api/v1" or "apis/GROUP/VERSION"; ``resource`` its plural."""

    kind: str
    api: str
    resource: str
    decoder: str = ""  # module of sources.kubernetes.decoders
    noun: str = ""  # the plural in titles
    aliases: tuple[str, ...] = ()  # as kubectl and k9s have them, the usual one first
    namespaced: bool = True
    optional: bool = False  # it comes with a CRD that a cluster may lack, in a version of its own
    watched: bool = True  # the server tells of its changes
    judged: bool = False  # the playbook reads it: kept current as long as the program runs
    logs: bool = False  # it has pods, or is one: logs are offered, and the way down to them
    revisions: str = ""  # the kind that holds its earlier ones
    why: bool = False  # the verdicts on it are explained
    columns: tuple[PrinterColumn, ...] = ()  # where it has no view of its own
    printed: tuple[str, ...] = ()  # the columns of the server's Table, newest servers first
    list_id: str = ""  # of its list, where that is not the resource
    screen: str = ""  # for --screen, where that is not the id of its list
    title: str = ""  # in the palette, where that is not made of the noun

    @property
    def listed(self) -> bool:
        """Decoded, watched where it is wanted, and shown as a list."""
        return bool(self.decoder)

    @property
    def id(self) -> str:
        return self.list_id or self.resource

    def path(self, namespace: str | None = None, name: str = "") -> str:
        """The path of a list (``namespace`` None: all) or of one object."""
        inside = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        tail = f"/{quote(name, safe='')}" if name else ""
        return f"/{self.api}{inside}/{self.resource}{tail}"

    @property
    def pattern(self) -> str:
        """``api`` as a regular expression; of an optional kind any version."""
        return rf"apis/{re.escape(self.group)}/[^/]+" if self.optional else re.escape(self.api)

    @property
    def group(self) -> str:
        return self.api.split("/")[1] if self.api.startswith("apis/") else ""

    @property
    def version(self) -> str:
        return self.api.rpartition("/")[2]

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """As kubectl writes it: ``deployments.apps``."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


_ARGO, _FLUX = "apis/argoproj.io/v1alpha1", "toolkit.fluxcd.io"
_PODS_OF = "Containers|Images|Selector"

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
            "Namespace",
            "api/v1",
            "namespaces",
            "cluster",
            "namespaces",
            ("ns", "namespaces", "namespace"),
            namespaced=False,
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
            "Rollout",
            _ARGO,
            "rollouts",
            "rollouts",
            "rollouts",
            ("ro", "rollouts", "rollout"),
            optional=True,
            judged=True,
            logs=True,
            revisions="ReplicaSet",
        ),
        KindSpec(
            "AnalysisRun",
            _ARGO,
            "analysisruns",
            "rollouts",
            "analysis runs",
            ("ar", "analysisruns", "analysisrun"),
            optional=True,
            judged=True,
        ),
        KindSpec(
            "Experiment",
            _ARGO,
            "experiments",
            "rollouts",
            "experiments",
            ("exp", "experiments", "experiment"),
            optional=True,
            judged=True,
        ),
        KindSpec(
            "Canary",
            "apis/flagger.app/v1beta1",
            "canaries",
            "flagger",
            "canaries",
            ("canaries",),
            optional=True,
            judged=True,
            title="Flagger canaries: list",
        ),
        KindSpec(
            "Application",
            _ARGO,
            "applications",
            "gitops",
            "applications",
            ("apps", "applications", "application"),
            optional=True,
            judged=True,
        ),
        KindSpec(
            "Kustomization",
            f"apis/kustomize.{_FLUX}/v1",
            "kustomizations",
            "gitops",
            "kustomizations",
            ("ks", "kustomizations", "kustomization"),
            optional=True,
            judged=True,
        ),
        KindSpec(
            "HelmRelease",
            f"apis/helm.{_FLUX}/v2",
            "helmreleases",
            "gitops",
            "helm releases",
            ("hr", "helmreleases", "helmrelease"),
            optional=True,
            judged=True,
        ),
        KindSpec("ControllerRevision", "apis/apps/v1", "controllerrevisions"),
        KindSpec("ConfigMap", "api/v1", "configmaps"),
        KindSpec("Secret", "api/v1", "secrets"),
        KindSpec("PersistentVolumeClaim", "api/v1", "persistentvolumeclaims"),
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

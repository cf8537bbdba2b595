"""The pages of the terminal as data, one line each. No Textual in it: the command line reads it, too.

A page is a folder below ``screens/pages`` and its line here. From the line follow its digit, its command after ``:``,
``--screen`` and completion, and the counts on its tab. The lists of kinds come with their kinds (``screens.registry``).
"""

from __future__ import annotations

from typing import NamedTuple


class ScreenSpec(NamedTuple):
    """``opens`` is "module:Class" below ``screens.pages``; "" says that this section of the playbook is not there yet."""

    id: str
    title: str  # of its tab
    opens: str = ""
    digit: str = ""  # its tab; a page without one is opened above the page that is shown
    command: str = ""  # "noun: verb" after ":"; "" for a page that is about one object, and opened from there
    aliases: tuple[str, ...] = ()
    help: str = ""
    wants: tuple[
        str, ...
    ] = ()  # kinds that must be kept current while it is shown; the first is read before all else
    sections: tuple[str, ...] = ()  # of the playbook: their worst stands on the tab
    headless: bool = False  # whether ``snapshot`` writes it


PAGES: tuple[ScreenSpec, ...] = (
    ScreenSpec(
        "overview",
        "Overview",
        "overview.overview:OverviewScreen",
        digit="1",
        command="overview: open",
        aliases=("overview", "pulse"),
        help="the playbook's sections, worst first",
        sections=("jobs",),
        headless=True,
    ),
    ScreenSpec(
        "workloads",
        "Deployments",
        "workloads.workloads:WorkloadsScreen",
        digit="2",
        sections=("releases", "serving"),
    ),
    ScreenSpec(
        "canary",
        "Canary",
        "releases.canary:CanaryScreen",
        digit="3",
        command="canary: open",
        aliases=("canary", "release", "releases"),
        help="releases in flight and their verdict",
        headless=True,
    ),
    ScreenSpec(
        "resources",
        "Resources",
        "resources.resources:ResourcesScreen",
        digit="4",
        command="resources: open",
        aliases=("resources", "res", "bands"),
        help="is the platform in its bands: workloads, namespaces, nodes, quotas, HPAs, right-sizing",
        wants=("ResourceQuota", "HorizontalPodAutoscaler"),
        sections=("resources", "quotas"),
        headless=True,
    ),
    ScreenSpec(
        "calendar",
        "Calendar",
        "calendar.calendar:CalendarScreen",
        digit="5",
        command="calendar: open",
        aliases=("calendar", "cal", "slots"),
        help="what is due, overdue and done by date, what may happen on a day, and the audit of two years",
        sections=("maintenance", "certificates", "versions"),
        headless=True,
    ),
    ScreenSpec(
        "recovery",
        "Recovery",
        "recovery.recovery:RecoveryScreen",
        digit="6",
        command="recovery: open",
        aliases=("recovery", "dr", "runbooks"),
        help="which runbook, is it ready, what runs now, and all procedures",
        sections=("recovery",),
        headless=True,
    ),
    ScreenSpec("database", "Database", digit="7"),
    ScreenSpec("incidents", "Incidents", digit="8"),
    ScreenSpec("nodes", "Nodes", "nodes.nodes:NodesScreen", digit="9", sections=("nodes",)),
    ScreenSpec(
        "environments",
        "Environments",
        "program.environments:EnvironmentsScreen",
        command="environment: list or switch",
        aliases=("ctx", "env", "context", "contexts", "environments"),
        help="environments of the configuration, contexts of the kubeconfig",
    ),
    ScreenSpec(
        "sources",
        "Data sources",
        "program.sources:SourcesScreen",
        command="sources: how fresh each is",
        aliases=("sources", "src", "about"),
        help="data sources and their ages",
    ),
    ScreenSpec(
        "changes",
        "Changes",
        "changes.changes:ChangesScreen",
        command="changes: who changed what",
        aliases=("changes", "changed"),
        help="the last hours, as differences",
        headless=True,
    ),
    ScreenSpec(
        "certificates",
        "Certificates",
        "certificates.certificates:CertificatesScreen",
        command="certificates: all that is known",
        aliases=("certificates", "tls"),
        help="what ends when, who issues and renews it, and why not",
        wants=("Certificate",),
        headless=True,
    ),
    ScreenSpec(
        "rotation",
        "Rotation",
        "rotation.rotation:RotationPage",
        command="rotation: how far authorities are",
        aliases=("rotation", "rotations", "ca"),
        help="new root in all bundles, then issue, then no leaf of the old one, then remove",
        wants=("Certificate",),
    ),
    ScreenSpec(
        "versions",
        "Kubernetes",
        "versions.versions:VersionsPage",
        command="versions: what of Kubernetes runs",
        aliases=("versions", "kubernetes", "k8s"),
        help="support, skew, the soak and its gaps, what may go to production, what an update breaks",
        wants=("Node",),
        headless=True,
    ),
    ScreenSpec(
        "messages",
        "Messages",
        "program.messages:MessagesScreen",
        command="messages: what was told",
        aliases=("messages", "msg"),
        help="the newest 500",
    ),
    ScreenSpec(
        "audit",
        "Audit log",
        "audit.audit:AuditScreen",
        command="audit log: open",
        aliases=("audit", "log"),
        help="what was done, refused and approved, newest first",
    ),
    ScreenSpec(
        "approvals",
        "Approvals",
        "audit.approvals:ApprovalsScreen",
        command="approvals: list",
        aliases=("approvals", "approve"),
        help="plans that wait for a second person",
    ),
    ScreenSpec(
        "unsettled",
        "Unsettled",
        "audit.reconcile:ReconcileScreen",
        command="actions: settle what was left",
        aliases=("unsettled", "settle"),
        help="intents without an outcome",
    ),
    ScreenSpec(
        "help",
        "Help",
        "program.help:HelpScreen",
        command="help: keys and commands",
        aliases=("help", "h", "?"),
        help="the keys that work here",
    ),
    ScreenSpec(
        "kinds",
        "Kinds",
        "kinds.kinds:KindsScreen",
        command="kinds: all that the server serves",
        aliases=("kinds", "api-resources", "apiresources"),
        help="with their short names; any of them can be listed",
    ),
    ScreenSpec("kind", "Kind", "kinds.kind:KindScreen"),  # one that has no line in the table of kinds
    # About one object: opened from a page that shows it.
    ScreenSpec("containers", "Containers", "workloads.containers:ContainersScreen"),
    ScreenSpec("resource", "Resource", "resources.resource:ResourceScreen"),
    ScreenSpec("revisions", "Revisions", "workloads.revisions:RevisionsScreen"),
    ScreenSpec("inspect", "Inspect", "inspect.inspect:InspectScreen"),
    ScreenSpec("logs", "Logs", "logs.logs:LogScreen"),
    ScreenSpec("verdict", "Verdict", "releases.verdict:VerdictPage"),
    ScreenSpec("actions", "Actions", "actions.actions:ActionsScreen"),
    ScreenSpec("entry", "Entry", "audit.entry:EntryPage"),
    ScreenSpec("run", "Run", "recovery.run:RunPage"),
    ScreenSpec("handover", "Hand-over", "recovery.texts:HandOverPage"),
    ScreenSpec("journal", "Journal", "recovery.texts:JournalPage"),
    ScreenSpec("difference", "Difference", "recovery.texts:DifferencePage"),
    ScreenSpec("step", "Step", "recovery.texts:StepPage"),
    ScreenSpec("procedure", "Procedure", "recovery.texts:ProcedurePage"),
    ScreenSpec("promise", "Promise", "calendar.promise:PromisePage"),
)
"""In the order of the tabs, then of the palette."""
FIRST: tuple[str, ...] = tuple(page.id for page in PAGES if page.command)
"""The pages that the program can begin with; the lists of kinds come to these."""
HEADLESS: tuple[str, ...] = tuple(page.id for page in PAGES if page.headless)
"""The pages that ``snapshot`` writes; the lists of kinds come to these."""

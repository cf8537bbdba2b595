"""The tables that the first frame needs. ``quick`` reads them without a validation, ``settings`` holds them for it.

Its annotations are no texts (``from __future__``): reading those costs time before the first frame."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tfdash.namespaces import check_namespace
from tfdash.setting import Between, Checked, Note, SecretText, SettingsTable, Texts, ZoneName


def _namespaces(names: tuple[str, ...]) -> None:
    for number, name in enumerate(map(check_namespace, names)):
        if name in names[:number]:
            raise ValueError(f'"{name}" stands twice; leave one out')


@dataclass(frozen=True)
class TimeSettings(SettingsTable):
    """The playbook's zone, an IANA name: "EST" would be wrong for half of the year."""

    zone: ZoneName = "America/New_York"


@dataclass(frozen=True)
class Cluster(SettingsTable):
    """One cluster: whose kubeconfig, which context, which namespaces; "" and () mean "as kubectl would"."""

    name: Annotated[str, Note("how the cluster is called on the screens; default: the context", '"eu-1"')] = (
        ""
    )
    kubeconfig: Annotated[
        str,
        Note(
            '"": $KUBECONFIG (several files are merged), then ~/.kube/config, then in-cluster',
            '"~/.kube/config"',
        ),
    ] = ""
    context: Annotated[str, Note('"": the kubeconfig\'s current context', '"eu-1"')] = ""
    namespaces: Annotated[
        Texts,
        Checked(_namespaces),
        Note("[] = all that you may see; name them where you may not list all namespaces"),
    ] = ()
    impersonate: Annotated[str, Note("act as this user, as kubectl --as")] = ""
    impersonate_groups: Texts = ()
    token: Annotated[
        SecretText,
        Note(
            "a secret by reference only: env:NAME, file:PATH or command:PROGRAM ARG; default: the kubeconfig's",
            '"env:TFDASH_TOKEN"',
        ),
    ] = field(default="", repr=False)


@dataclass(frozen=True)
class Environment(Cluster):
    """One environment with one cluster in place, or several under ``clusters``."""

    word: Annotated[
        str, Note("the word in the header's block; default: the name in capitals", '"PRODUCTION"')
    ] = ""
    colour: Annotated[
        Literal["production", "staging", "development", "neutral"],
        Note("production | staging | development | neutral: how the block looks", '"production"'),
    ] = "neutral"


@dataclass(frozen=True)
class UiSettings(SettingsTable):
    """How the screens look and behave."""

    theme: Annotated[
        Literal["dark", "light", "ansi", "colour-blind"],
        Note("dark | light | ansi (the terminal's own colours) | colour-blind"),
    ] = "dark"
    mouse: bool = True
    start: Annotated[str, Note("the first screen")] = "overview"
    frames_per_second: Annotated[
        int,
        Between(1, 30),
        Note("repaints for changed data, at most; keys are answered at once"),
    ] = 5
    log_lines: Annotated[int, Between(100, 200_000), Note("how many lines of a log are held")] = 10_000
    keys: Annotated[
        dict[str, str],
        Note('your keys by binding id (the ids stand in the help, "?")', '"list.describe" = "d"'),
    ] = field(default_factory=dict)
    aliases: Annotated[
        dict[str, str], Note('your palette aliases: what ":NAME" means', 'prod = "po tf-production"')
    ] = field(default_factory=dict)


@dataclass(frozen=True)
class DemoSettings(SettingsTable):
    """Written by the simulated platform for its own runs; not for yours."""

    enabled: bool = False
    epoch: float = 0.0
    wall_start: float = 0.0
    speed: Annotated[float, Between(0.001, 10**9)] = 1.0

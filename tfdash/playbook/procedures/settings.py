"""[procedures]: what the steps of a procedure may run, and where. A procedure's file names these, and adds none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from tfdash.addresses import wrong_with
from tfdash.playbook.procedures.placeholders import is_one, named_in
from tfdash.setting import (
    Between,
    Note,
    Pairs,
    Seconds,
    SecretText,
    SettingsTable,
    Texts,
    Unfit,
    Words,
    check_address,
    refuse,
)
from tfdash.spelling import nearest

WORDS = "{words}"
"""The word of an allowed command in whose place the words of a step come."""
_PLACE = re.compile(r"here|host \S+|pipeline \S+|job(?: \S+)?")
_OWN_PLACE = re.compile(r"here|host \S+|job(?: \S+)?")
_HOSTS_CODE = ("github", "gitlab")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:%\[\]-]*")


@dataclass(frozen=True, kw_only=True)
class AllowedCommand(SettingsTable):
    """One command that steps may name. The word {name} is what the step's arguments say for that name, or that input of the run:
    one whole word, which never begins with "-"."""

    command: Annotated[
        Words,
        Note(
            'no shell; "{words}" is the step\'s own words, none of which begins with "-"; left out for a pipeline',
            '["/opt/ops/flush", "--service", "{service}", "{words}"]',
        ),
    ] = ()
    places: Annotated[
        Texts,
        Note(
            'where it may run: "here", "host NAME", "job" or "job CLUSTER", "pipeline NAME"; a step chooses one of them'
        ),
    ] = ("here",)
    timeout: Annotated[Seconds, Note("it is ended behind this, where a step says no less")] = 600.0
    values: Annotated[
        Pairs,
        Note(
            "inputs of a pipeline; ref: of what", '{ environment = "{environment}", version = "{version}" }'
        ),
    ] = ()
    image: Annotated[
        str, Note("of a Job, best by its digest", '"registry.example.com/ops/tools@sha256:..."')
    ] = ""
    namespace: Annotated[str, Note("of a Job", '"ops"')] = ""
    service_account: Annotated[str, Note("of a Job")] = ""

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self) -> Iterator[Unfit]:
        if not self.places:
            yield Unfit("places", 'a command runs somewhere; write places = ["here"]')
        for place in self.places:
            if not _PLACE.fullmatch(place):
                yield Unfit(
                    "places",
                    f'"{place}" is no place; write "here", "host NAME", "job", "job CLUSTER" or "pipeline NAME"',
                )
        if not self.command:
            if any(not place.startswith("pipeline ") for place in self.places):
                yield Unfit("command", 'names no program; write it as ["PROGRAM", "ARG"]')
        elif any(named_in(self.command[0])):
            yield Unfit("command", "its program is fixed; an input can be an argument only")
        for word in self.command[1:]:
            if any(named_in(word)) and not is_one(word):
                yield Unfit("command", f'"{word}": an input is a word of its own; write it as "--x", "{{x}}"')
        if any(place.startswith("job") for place in self.places) and not (self.image and self.namespace):
            yield Unfit("image", "a Job needs an image and a namespace; add image = ... and namespace = ...")


@dataclass(frozen=True, kw_only=True)
class HostSettings(SettingsTable, short="address"):
    """A machine that commands run on, by this system's ssh: BatchMode, hosts that known_hosts has. It needs systemd, and a log-in shell that reads
    words as sh does (not fish, not csh)."""

    address: Annotated[
        str, Note("as ssh takes it; a name of ~/.ssh/config will do", '"ops@db-1.example.com"')
    ]
    options: Annotated[
        Texts, Note("further words for ssh; not those that say whom to trust", '["-p", "2222"]')
    ] = ()
    become: Annotated[Words, Note("in front of systemd-run there", '["sudo", "-n"]')] = ()
    user_manager: Annotated[bool, Note("systemd-run --user: what lingers is loginctl's to say")] = False
    folder: Annotated[
        str, Note("where it is noted there what was begun; below the home where it is not absolute")
    ] = ".local/state/tfdash/work"
    patience: Annotated[Seconds, Note("how long ssh may take to be let in and answer")] = 20.0

    def __post_init__(self) -> None:
        if not self.address.strip() or self.address.startswith("-"):
            raise Unfit("address", 'names no host; write it as "user@host"')
        for word in self.options:
            key = word.removeprefix("-o").strip().partition("=")[0].partition(" ")[0].lower()
            if key in ("stricthostkeychecking", "batchmode", "userknownhostsfile", "proxycommand"):
                raise Unfit("options", f"{word}: this is decided; put it into ~/.ssh/config if it must be")


@dataclass(frozen=True, kw_only=True)
class PipelineSettings(SettingsTable):
    """A pipeline that steps may start, and whose repository the release checklist asks for reviews and checks."""

    kind: Annotated[
        Literal["github", "gitlab", "http", "command"],
        Note(
            "github | gitlab | http | command: the allowed command that names it is run at its place",
            '"github"',
        ),
    ]
    at: Annotated[
        str, Note('command: where it runs, "here", "host NAME", "job" or "job CLUSTER"', '"host ci-1"')
    ] = "here"
    code: Annotated[
        str,
        Note(
            "command, http: which of [procedures.pipelines] says where the code lies, for the release checklist",
            '"tag-release"',
        ),
    ] = ""
    url: Annotated[
        str,
        Note(
            '"": https://api.github.com or https://gitlab.com; a GitHub Enterprise server: its .../api/v3; '
            "http: what is called to start it",
        ),
    ] = ""
    repository: Annotated[str, Note("owner/name, or a GitLab project's path", '"acme/shop"')] = ""
    workflow: Annotated[str, Note("GitHub: the workflow's file", '"deploy.yml"')] = ""
    ref: Annotated[str, Note("branch or tag whose pipeline it is, where a command's values give no ref")] = (
        "main"
    )
    token: Annotated[SecretText, Note("its API token", '"env:CI_TOKEN"')] = field(default="", repr=False)
    id_input: Annotated[
        str,
        Note(
            "the input (GitLab: variable) that gets our id, by which a run is found again though its answer was lost; "
            "GitHub: the workflow shows it by run-name: ${{ inputs.NAME }}",
            '"tfdash"',
        ),
    ] = ""
    jobs: Annotated[
        Texts,
        Note(
            "GitHub, GitLab: jobs that must have ended well besides (patterns): a run is a success although one was skipped, "
            "was allowed to fail, or waits to be started by hand",
            '["deploy*"]',
        ),
    ] = ()
    checks: Annotated[
        Texts, Note("checks that a release needs, by name; none: all that there are, and at least one")
    ] = ()
    scans: Annotated[Texts, Note("checks that are the security scan, by name", '["CodeQL", "trivy"]')] = ()
    migrations: Annotated[
        Texts, Note("checks that verify the migrations of the database, by name", '["migrations"]')
    ] = ()
    reviews: Annotated[int, Between(1, 10), Note("approvals that a release needs")] = 1
    body: Annotated[
        str, Note("http: what is sent to start it", """'{"ref": "{version}", "id": "{key}"}'""")
    ] = ""
    run: Annotated[str, Note("http: JSON pointer to the run's id in the answer", '"/id"')] = ""
    status_url: Annotated[
        str,
        Note(
            "http: where its state is read; with {key} alone a run is found again though its answer was lost",
            '"https://ci.example.com/api/runs/{run}"',
        ),
    ] = ""
    state: Annotated[str, Note("http: JSON pointer to the state in that answer")] = "/status"
    good: Texts = ("success", "succeeded", "Succeeded", "completed")
    bad: Texts = ("failure", "failed", "Failed", "error", "cancelled", "canceled")
    patience: Annotated[Seconds, Note("of each call")] = 20.0

    def __post_init__(self) -> None:
        refuse(self._faults())

    @property
    def startable(self) -> bool:
        return self.kind != "github" or bool(self.workflow)

    def _faults(self) -> Iterator[Unfit]:
        for key, url in (("url", self.url), ("status_url", self.status_url)):
            try:
                check_address(url, 'give its token by reference: token = "env:NAME"')
            except ValueError as error:
                yield Unfit(key, str(error))
                continue
            if url and (wrong := wrong_with(url)):
                yield Unfit(key, f'{wrong}; write it as "https://ci.example.com/..."')
        if not _OWN_PLACE.fullmatch(self.at):
            yield Unfit("at", f'"{self.at}" is no place; write "here", "host NAME", "job" or "job CLUSTER"')
        if self.code and self.kind in _HOSTS_CODE:
            yield Unfit("code", "its own repository says where the code lies; take it out")
        if self.kind == "command":
            return
        if self.kind == "http":
            if not self.url:
                yield Unfit("url", "an http pipeline is started by a call; add url = ...")
            if not self.status_url:
                yield Unfit("status_url", "how it ended must be readable somewhere; add status_url = ...")
        elif not self.repository:
            yield Unfit("repository", 'whose pipeline? add repository = "owner/name"')
        if self.kind == "github" and self.repository and self.repository.count("/") != 1:
            yield Unfit("repository", f'"{self.repository}" is not owner/name')


@dataclass(frozen=True, kw_only=True)
class RoleSettings(SettingsTable):
    """Who is of a role that procedures name: a group that the server vouches for which stamps approvals."""

    database: Annotated[str, Note("role of the shared PostgreSQL", '"release_managers"')] = ""
    groups: Annotated[Texts, Note("groups of the API server", '["release-managers"]')] = ()

    def of(self, stamped_by: str) -> tuple[str, ...]:
        """Those that this server knows people by."""
        if stamped_by == "postgresql":
            return (self.database,) if self.database else ()
        return tuple(self.groups)


@dataclass(frozen=True, kw_only=True)
class ProceduresSettings(SettingsTable):
    """What a procedure's steps may run, and where: see "tfdash procedures --help". A company's files cannot add to it."""

    folder: Annotated[
        str,
        Note(
            "your own procedures, a .toml each; one of the name of a shipped one takes its place: tfdash procedures check",
            '"~/.config/tfdash/procedures"',
        ),
    ] = ""
    apart: Annotated[
        Texts,
        Note(
            "hosts that go down with none of the clusters: store, channels, pipelines and log-in of a recovery that loses one lie on these",
            '["db.dr.example.com", "*.slack.com"]',
        ),
    ] = ()
    along: Annotated[
        Texts, Note("hosts that go down with a cluster, besides those of which that is seen", '["10.1.*"]')
    ] = ()
    waits: Annotated[
        Seconds,
        Between(0, 7 * 86_400, seconds=True),
        Note("a run that waits for a person for so long tells that once (the message waits); 0s: never"),
    ] = 900.0
    commands: Annotated[dict[str, AllowedCommand], Note(sample="flush-cache")] = field(default_factory=dict)
    hosts: Annotated[dict[str, HostSettings], Note(sample="db-1")] = field(default_factory=dict)
    pipelines: Annotated[dict[str, PipelineSettings], Note(sample="deploy")] = field(default_factory=dict)
    roles: Annotated[dict[str, RoleSettings], Note(sample="release-manager")] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self) -> Iterator[Unfit]:
        for table, names in (
            ("commands", self.commands),
            ("hosts", self.hosts),
            ("pipelines", self.pipelines),
            ("roles", self.roles),
        ):
            for name in names:
                if not _NAME.fullmatch(name):
                    yield Unfit((table, name), f'"{name}" is no name: letters, digits, "-", "_" and "."')
        for name, pipeline in self.pipelines.items():
            kind, _, which = pipeline.at.partition(" ")
            if kind == "host" and which not in self.hosts:
                told = f'"{which}" is not one of [procedures.hosts]; {nearest(which, self.hosts)}'
                yield Unfit(("pipelines", name, "at"), told)
            code = self.pipelines.get(pipeline.code)
            if pipeline.code and (code is None or code.kind not in _HOSTS_CODE):
                told = f'"{pipeline.code}" is no pipeline of GitHub or GitLab; name one of [procedures.pipelines]'
                yield Unfit(("pipelines", name, "code"), told)
        for name, command in self.commands.items():
            yield from self._places(name, command)

    def at(self, place: str) -> str:
        """Where a command runs that is allowed at ``place``: a pipeline of the kind "command" is a name for another place."""
        kind, _, which = place.partition(" ")
        pipeline = self.pipelines.get(which) if kind == "pipeline" else None
        return pipeline.at if pipeline is not None and pipeline.kind == "command" else place

    def _places(self, name: str, command: AllowedCommand) -> Iterator[Unfit]:
        for place in command.places:
            kind, _, which = place.partition(" ")
            tables: Mapping[str, Mapping[str, object]] = {"host": self.hosts, "pipeline": self.pipelines}
            known = tables.get(kind)
            if known is not None and which not in known:
                yield Unfit(
                    ("commands", name, "places"),
                    f'"{which}" is not one of [procedures.{kind}s]; {nearest(which, known)}',
                )
            elif kind == "pipeline" and not self.pipelines[which].startable:
                yield Unfit(("pipelines", which, "workflow"), "which one is started? add workflow = ...")
            elif kind == "pipeline" and self.pipelines[which].kind == "command":
                yield from self._by_command(name, command, self.pipelines[which])

    def _by_command(self, name: str, command: AllowedCommand, pipeline: PipelineSettings) -> Iterator[Unfit]:
        if not command.command:
            yield Unfit(
                ("commands", name, "command"),
                'names no program, and its pipeline is one; write ["PROGRAM", "ARG"]',
            )
        if pipeline.at.startswith("job") and not (command.image and command.namespace):
            yield Unfit(
                ("commands", name, "image"),
                "a Job needs an image and a namespace; add image = ... and namespace = ...",
            )

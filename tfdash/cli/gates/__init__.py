"""The table of gates: what ``tfdash gate`` can be asked. Imports nothing heavy: the command line reads it for help and completion.

A new one is its line. Of a section, or several, it needs no more than their ids: its findings are the gate's, one by one. A question of its
own names the module that answers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tfdash.cli import exit_codes

FORMATS = ("text", "json", "md", "junit")
Option = tuple[str, Mapping[str, Any]]
"""A flag and what argparse is told of it."""


class Gate(NamedTuple):
    """``sections``: ids of those whose findings it tells. ``ask``: the module of this folder whose ``ask`` answers it. ``findings``: it tells
    findings, which a baseline and ``--fail-on`` are of; else a yes or no. ``scoped``: a namespace may be named. ``waits``: what ``--wait``
    waits for. ``weeks``: weeks of use are read as well. ``store``: what terminals left is. ``least``: the mildest level that is listed."""

    help: str
    codes: str
    sections: tuple[str, ...] = ()
    ask: str = "sections"
    findings: bool = True
    scoped: bool = True
    waits: str = 'wait so long for all to be read, e.g. "1m"'
    weeks: bool = False
    store: bool = False
    least: str = "PAUSED"
    options: tuple[Option, ...] = ()


_WEEKS = 'wait so long for what was not seen for long enough, and for days of use that the store does not keep, e.g. "15m"'
_OF_RELEASE: tuple[Option, ...] = (
    (
        "--at",
        {
            "metavar": "TIME",
            "help": 'another time: "2026-11-26 10:30", "2026-11-26" or "Thursday"; that moment of a recording, where one is named',
        },
    ),
    ("--no-clock-check", {"action": "store_true", "help": "do not compare our clock with the API server's"}),
    ("--emergency-approver", {"metavar": "NAME", "default": "", "help": "who approved an emergency fix"}),
    ("--emergency-reason", {"metavar": "TEXT", "default": "", "help": "why it cannot wait"}),
)
_OF_CANARY: tuple[Option, ...] = (
    ("--workload", {"metavar": "NAME", "required": True, "help": "its name, or NAMESPACE/NAME"}),
)
_OF_MAINTENANCE: tuple[Option, ...] = (
    ("--item", {"metavar": "NAME", "default": "", "help": "this item alone"}),
)
OF_FINDINGS: tuple[Option, ...] = (
    (
        "--fail-on",
        {
            "choices": ("breach", "warn", "unknown"),
            "default": "warn",
            "help": "the mildest that is a no (warn); what is not known stays 2, with unknown it is 1",
        },
    ),
    (
        "--baseline",
        {"metavar": "FILE", "default": "", "help": "fail only on what is not in it, or got worse"},
    ),
    ("--write-baseline", {"metavar": "FILE", "default": "", "help": "write what is found as a baseline"}),
)
"""Of every gate that tells findings."""

GATES: dict[str, Gate] = {
    "release": Gate(
        "does the release calendar allow a standard release",
        exit_codes.RELEASE,
        ask="release",
        findings=False,
        scoped=False,
        options=_OF_RELEASE,
    ),
    "canary": Gate(
        "may a release go on, by the playbook's rollback triggers",
        exit_codes.CANARY,
        ("releases",),
        "canary",
        findings=False,
        waits='wait so long for a decision, e.g. "15m"',
        options=_OF_CANARY,
    ),
    "resources": Gate(
        "is the platform inside its bands and quotas",
        exit_codes.RESOURCES,
        ("resources", "quotas"),
        waits=_WEEKS,
        weeks=True,
        store=True,
    ),
    "versions": Gate(
        "may the next version of Kubernetes go to production",
        exit_codes.VERSIONS,
        ("versions",),
        "versions",
        findings=False,
        scoped=False,
    ),
    "certificates": Gate(
        "are all certificates renewed in time",
        exit_codes.CERTIFICATES,
        ("certificates",),
        least="MOVING",  # what is under way may wait for an issuer that there is not
    ),
    "maintenance": Gate(
        "are the dated promises of the playbook kept",
        exit_codes.MAINTENANCE,
        ("maintenance",),
        "maintenance",
        scoped=False,
        options=_OF_MAINTENANCE,
    ),
    "recovery": Gate(
        "could each recovery begin now: what it needs, its last rehearsal, and no circle",
        exit_codes.SECTION,
        ("recovery",),
        scoped=False,
        store=True,
        least="UNKNOWN",
    ),
    "serving": Gate("does every workload serve", exit_codes.SECTION, ("serving",)),
    "nodes": Gate("is every node ready", exit_codes.SECTION, ("nodes",), scoped=False),
    "jobs": Gate("did the jobs run", exit_codes.SECTION, ("jobs",)),
    "all": Gate(
        "what is not in order, of all sections at once; a closed calendar is no fault",
        exit_codes.SECTION,
        waits=_WEEKS,
        weeks=True,
        store=True,
    ),
}

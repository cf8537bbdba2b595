"""The two tables of the playbook: the rules that the judge runs, and the sections that are read from what they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tfdash.playbook import releases
from tfdash.playbook.certificates import held, issuer, managed, mounted, rotating, served, told
from tfdash.playbook.certificates import section as certificates
from tfdash.playbook.maintenance import section as maintenance
from tfdash.playbook.nodes import capacity, ready
from tfdash.playbook.nodes import section as nodes
from tfdash.playbook.procedures import section as recovery
from tfdash.playbook.releases import section as release_section
from tfdash.playbook.resources import (
    autoscaler,
    bands,
    cost,
    fits,
    hpa,
    idle,
    limits_set,
    night,
    quotas,
    rightsize,
    spot,
    unattached,
    volume,
)
from tfdash.playbook.resources import section as resources
from tfdash.playbook.rule import Rule
from tfdash.playbook.section import Section
from tfdash.playbook.serving import cronjobs, jobs, jobs_section, workload
from tfdash.playbook.serving import section as serving
from tfdash.playbook.versions import section as versions

RULES: tuple[Rule, ...] = (
    workload.RULE,
    releases.RULE,
    ready.RULE,
    jobs.RULE,
    cronjobs.RULE,
    hpa.RULE,
    capacity.RULE,
    fits.RULE,
    autoscaler.RULE,
    volume.RULE,
    rightsize.RULE,
    idle.RULE,
    spot.RULE,
    spot.SHARE,
    unattached.RULE,
    cost.RULE,
    bands.RULE,
    quotas.RULE,
    limits_set.RULE,
    night.RULE,
    managed.RULE,
    mounted.RULE,
    served.RULE,
    held.RULE,
    rotating.RULE,
    told.RULE,
    issuer.RULE,
)
"""In the order in which they run: who reads another's word stands behind it."""


def rules_behind(sections: Iterable[Section], table: tuple[Rule, ...] = RULES) -> tuple[Rule, ...]:
    """Those of the table, in its order, without which ``sections`` would say something else: who speaks what they read, and
    whom those hear."""
    wanted = {
        rule for s in sections for rule in table if rule.tells in s.hears or any(map(rule.speaks, s.rules))
    }
    while more := {rule for rule in table if any(rule.tells in one.hears for one in wanted)} - wanted:
        wanted |= more
    return tuple(rule for rule in table if rule in wanted)


def kinds_behind(sections: Iterable[Section], table: tuple[Rule, ...] = RULES) -> frozenset[str]:
    """What has to be read for ``sections`` to say all that they say: what they and the rules behind them look at."""
    sections = tuple(sections)
    rules = rules_behind(sections, table)
    besides = (frozenset(kind.KIND for kind in section.reads) for section in sections)
    return frozenset().union(
        *(section.kinds for section in sections), *besides, *(rule.kinds for rule in rules)
    )


def _with_rules(section: Section) -> Section:
    return replace(section, behind=frozenset(rule.id for rule in rules_behind((section,))))


SECTIONS: tuple[Section, ...] = tuple(
    _with_rules(section)
    for section in (
        release_section.SECTION,
        serving.SECTION,
        resources.SECTION,
        resources.QUOTAS,
        nodes.SECTION,
        jobs_section.SECTION,
        maintenance.SECTION,
        certificates.SECTION,
        versions.SECTION,
        recovery.SECTION,
    )
)
"""In the order in which they are listed."""

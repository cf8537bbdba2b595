"""Every dated sentence of the playbook has somebody who keeps it: an item of the dated promises, or what is named here instead."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.configured import calendar_policy
from tfdash.playbook.maintenance.policy import default_maintenance_policy
from tfdash.playbook.registry import RULES, SECTIONS
from tfdash.playbook.versions.policy import default_versions_policy

ITEMS = default_maintenance_policy("America/New_York").items


class Elsewhere(NamedTuple):
    """Kept by something else than an item: a rule's or a section's id; "calendar": the release calendar's settings."""

    sort: str
    name: str = ""


class Later(NamedTuple):
    """Nothing keeps it yet."""

    part: str


CALENDAR = Elsewhere("calendar")
ALERTS = Later("answering alerts: how long until somebody answered, and how often they told of it")
REMEDIES = Later("vulnerabilities: how long a finding may stay open, by its severity")

SENTENCES: dict[str, str | Elsewhere | Later] = {
    "Standard releases: Tuesday and Thursday, 10:00 AM EST": CALENDAR,
    "Blackout periods: End of month (28th-3rd)": CALENDAR,
    "Review namespace quotas monthly": "quota-review",
    "Regular review of idle resources": "idle-review",
    "Scheduled scale-down for non-production environments": Elsewhere("rule", "resources.hours"),
    "Right-sizing analysis quarterly": "rightsizing",
    "Minor version updates: Monthly": "kubernetes-patch",
    "Major version updates: Quarterly": "kubernetes-minor",
    "Update staging environment with 1-week observation": Elsewhere("section", "versions"),
    "Schedule production update with 2-week notice": Elsewhere("section", "versions"),
    "Index optimization: Monthly": "index-optimisation",
    "Vacuum analyze: Weekly": "vacuum-analyze",
    "Performance tuning: Quarterly": "performance-tuning",
    "Version upgrades: Semi-annually": "database-upgrade",
    "Manual verification monthly": "tls-verification",
    "Service mesh certificate rotation: Monthly": "mesh-rotation",
    "Root CA rotation: Annually": "root-ca",
    "Intermediate CA rotation: Semi-annually": "intermediate-ca",
    "Response time: 15 minutes": ALERTS,
    "Status updates: Every 30 minutes": ALERTS,
    "Response time: 4 hours": ALERTS,
    "Status updates: Daily": ALERTS,
    "Response time: 24 hours": ALERTS,
    "Handled during business hours": ALERTS,
    "Reviewed in weekly operations meeting": "operations-meeting",
    "Container images: At build time and daily": "image-scan",
    "Running containers: Daily": "running-scan",
    "Infrastructure: Weekly": "infrastructure-scan",
    "Application: Bi-weekly": "application-scan",
    "Critical vulnerabilities: 24 hours": REMEDIES,
    "High vulnerabilities: 7 days": REMEDIES,
    "Medium vulnerabilities: 30 days": REMEDIES,
    "Low vulnerabilities: Next release cycle": REMEDIES,
    "Service account permissions: Monthly": "service-account-review",
    "User access: Quarterly": "user-access-review",
    "Privileged access: Weekly": "privileged-access-review",
    "Audit logging: Daily": "audit-log-review",
    "API keys: 90 days": "api-key-rotation",
    "Service account credentials: 180 days": "service-account-rotation",
    "Admin credentials: 30 days": "admin-rotation",
    "Emergency access credentials: After each use": "emergency-rotation",
}
"""Every line of the playbook with a word of time, in its order."""
KEPT = {sentence: by for sentence, by in SENTENCES.items() if isinstance(by, str)}
WORDS = {
    "Monthly": "each month",
    "monthly": "each month",
    "Quarterly": "each quarter",
    "quarterly": "each quarter",
    "Semi-annually": "each half-year",
    "Annually": "each year",
    "30 days": "within 30d",
    "90 days": "within 90d",
    "180 days": "within 180d",
    "Bi-weekly": "within 14d",
}
"""What a sentence's last words mean. "Weekly" and "daily" are both: of a meeting once a week, of a scan never older."""
BOTH = {"weekly": ("each week", "within 7d"), "daily": ("each day", "within 1d")}


@pytest.mark.parametrize("sentence", KEPT)
def test_a_dated_sentence_has_its_item(sentence: str) -> None:
    item = ITEMS[KEPT[sentence]]
    assert item.sentence == sentence
    when = item.when.words()
    last = sentence.partition(": ")[2] or sentence.rpartition(" ")[2]
    if last in WORDS:
        assert when == WORDS[last]
    for word, both in BOTH.items():
        if last.casefold().endswith(word) and last not in WORDS:
            assert when in both
    assert item.owner and item.title


def test_every_item_stands_for_a_sentence() -> None:
    assert sorted(ITEMS) == sorted(KEPT.values())


def test_what_is_kept_elsewhere_is_there() -> None:
    there = {("rule", rule.id) for rule in RULES} | {("section", section.id) for section in SECTIONS}
    named = {tuple(by) for by in SENTENCES.values() if isinstance(by, Elsewhere) and by.name}
    assert named <= there


def test_the_release_calendar_and_the_gate_of_production_have_the_playbook_s_values() -> None:
    calendar = calendar_policy({})
    assert (calendar.days, f"{calendar.start:%H:%M}") == ({1, 3}, "10:00")
    assert (calendar.blackout_from_day, calendar.blackout_to_day) == (28, 3)
    versions = default_versions_policy()
    assert (versions.rules.soak, versions.rules.notice) == (7 * 86_400, 14 * 86_400)

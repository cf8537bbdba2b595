"""``snapshot --screen certificates``: every row there is, in text and JSON, and what a script should think of it."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.reports import snapshot_of
from tests.unit.playbook.certificates import looked_at, rotated
from tests.unit.playbook.certificates.kept import DAY, certificate, issuer
from tests.unit.playbook.making import NOW, REF, picture
from tests.unit.report.test_report import check
from tests.unit.views.making import HOSTILE, VISIBLE
from tfdash.judging.judge import judge_all
from tfdash.model.kube import Object, Unreadable
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.subject import ClusterRef
from tfdash.moments import moment
from tfdash.report.schemas import schema
from tfdash.views.certificates import certificate_rows, chosen_lines, renews_in
from tfdash.views.times import iso

ZONE = ZoneInfo("UTC")
ODD = Unreadable(namespace="a", name="odd", kind="Certificate", cells=(), field="notAfter: 'soon' is no time")


def reported(p: Picture, format: str = "text", namespace: str | None = None) -> tuple[str, int]:
    """And the document of each is by its schema."""
    judged = judge_all(p, NOW)
    document = json.loads(snapshot_of(p, judged, "certificates", namespace, "json", NOW, ZONE)[0])
    check(document, schema("snapshot certificates"))
    return snapshot_of(p, judged, "certificates", namespace, format, NOW, ZONE)


def without(kind: str, problem: ProblemKind, *objects: Object) -> Picture:
    p = picture(*objects)
    seen: Observation[Any] = Observation(problem=Problem(kind=problem, cause="may not list"), source=kind)
    cluster = msgspec.structs.replace(p.clusters[REF], kinds={**p.clusters[REF].kinds, kind: seen})
    return msgspec.structs.replace(p, clusters={REF: cluster})


def test_text_and_json_have_the_same_rows_the_worst_first() -> None:
    p = picture(
        certificate(), certificate(name="late", uid="l", secret="l", renewal=NOW - 2 * DAY), issuer(), ODD
    )
    text, code = reported(p)
    lines = [line for line in text.splitlines() if " a/" in line]
    assert [line.split()[2] for line in lines] == ["a/late", "a/odd", "a/shop"]
    assert "unreadable: notAfter: 'soon' is no time" in lines[1] and code == 1
    found = json.loads(reported(p, "json")[0])
    assert [(row["name"], row["level"]) for row in found["certificates"]] == [
        ("late", "WARN"),
        ("odd", "UNKNOWN"),
        ("shop", "OK"),
    ]
    assert found["certificates"][2]["ends"] == "1970-03-13T13:46:40Z" and found["exit_code"] == 1
    assert found["counts"]["WARN"] == 1


@pytest.mark.parametrize(
    ("p", "code", "words"),
    [
        (picture(certificate(), issuer()), 0, "1 of 1 certificate in order"),
        (picture(certificate(not_after=NOW), issuer()), 1, "expired"),
        (picture(ODD), 2, "unreadable"),
        (without("Certificate", ProblemKind.FORBIDDEN), 2, "? may not list"),
        (without("Issuer", ProblemKind.FORBIDDEN, certificate()), 2, "not read: eu-1/Issuer"),
        (without("Issuer", ProblemKind.NOT_SERVED, certificate()), 0, "leaf by Issuer le"),
        (without("Certificate", ProblemKind.NOT_SERVED), 0, "No certificate is kept here."),
    ],
)
def test_its_code_rests_on_what_is_there_and_on_what_is_not_known(p: Picture, code: int, words: str) -> None:
    text, found = reported(served(p))
    assert (found, words in text) == (code, True), text


def served(p: Picture) -> Picture:
    """With nothing seen by handshakes and nothing that lies in objects, which others test."""
    made = {
        kind: Observation[Any](value={}, complete=True, observed_at=NOW, source=kind)
        for kind in ("ServedCertificate", "HeldCertificate")
    }
    cluster = p.clusters[REF]
    return msgspec.structs.replace(
        p, clusters={REF: msgspec.structs.replace(cluster, kinds={**made, **cluster.kinds})}
    )


def test_of_one_namespace_only_its_own() -> None:
    p = picture(certificate(), certificate(namespace="b", name="other", uid="o"))
    assert "b/other" not in reported(p, namespace="a")[0] and "a/shop" in reported(p, namespace="a")[0]


def test_what_others_wrote_is_shown_and_carries_nothing_out() -> None:
    p = picture(certificate(name=HOSTILE, names=(HOSTILE,), namespace="a"))
    text, _ = reported(p)
    assert VISIBLE in text and "\x1b" not in text and HOSTILE not in text
    assert HOSTILE not in json.loads(reported(p, "json")[0])["certificates"][0]["names"]


def test_of_several_clusters_each_row_says_whose_it_is() -> None:
    p = picture(certificate(), issuer())
    other = ClusterRef("production", "us-1")
    both = {REF: p.clusters[REF], other: msgspec.structs.replace(p.clusters[REF], ref=other)}
    p = msgspec.structs.replace(p, clusters=both)
    rows = certificate_rows(p, judge_all(p, NOW))
    assert sorted(row.called for row in rows.values()) == ["eu-1 a/shop", "us-1 a/shop"]


def test_what_is_served_is_as_late_as_what_is_kept_of_it() -> None:
    p = picture(certificate(renewal=NOW - 2 * DAY), issuer(), looked_at.served())
    rows = {row.subject.kind: row for row in certificate_rows(p, judge_all(p, NOW)).values()}
    assert [renews_in(rows[kind], NOW) for kind in ("Certificate", "ServedCertificate")] == [
        ("-2d", "warn")
    ] * 2


def test_when_it_was_seen_is_told_in_the_platforms_zone_and_in_utc_in_json() -> None:
    p = picture(looked_at.served())
    [row] = certificate_rows(p, judge_all(p, NOW)).values()
    zone = ZoneInfo("America/New_York")
    assert chosen_lines(row, zone)[-1][1] == f"a handshake at {moment(NOW, zone)}"
    [told] = json.loads(reported(p, "json")[0])["certificates"]
    assert told["source"] == f"a handshake at {iso(NOW)}"


def test_a_rotation_that_is_under_way_stands_in_text_and_json() -> None:
    bundles = (rotated.trusts("a", rotated.OLD, rotated.NEW), rotated.trusts("b", rotated.OLD))
    p = rotated.seen([*rotated.root(), rotated.signer(), *rotated.leaf("web", "OLD"), *bundles])
    text, _ = reported(p)
    assert (
        "▶ 2 NOW     every bundle trusts the new one: 1 of 2 bundles, left: ConfigMap mesh/b/ca.pem" in text
    )
    [one] = json.loads(reported(p, "json")[0])["rotations"]
    assert [s["state"] for s in one["steps"]] == ["done", "now", "already", "waits", "waits", "waits"]
    assert one["steps"][1]["left"] == ["ConfigMap mesh/b/ca.pem"] and (one["name"], one["under_way"]) == (
        "root",
        True,
    )

"""What is handed on by aliases has no name in it that the server's own lists have: each file, each format, each member of a bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.leaks import leaks_of, telling
from tests.protocol.conftest import Target
from tfdash.cli import main
from tfdash.model.kinds import KINDS
from tfdash.recording.reading import Recording
from tfdash.report.formats import FORMATS

AT = (
    "nodeName",
    "podIP",
    "hostIP",
    "clusterIP",
    "volumeName",
    "storageClassName",
    "host",
    "serviceAccountName",
)


def names(target: Target) -> set[str]:
    """Of every object of every kind that we know: what it is called, where it is, on which node, by which address."""
    found: set[str] = set()
    for spec in KINDS.values():
        answer = target.admin.get(spec.path())
        for item in answer.json().get("items", ()) if answer.status_code == 200 else ():
            about = item["metadata"]
            found.update((about["name"], about.get("namespace", "")))
            found.update(_places(item))
    return {name for name in found if telling(name) and name != "None"}


def _places(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key in AT and isinstance(one, str):
                yield one
            yield from _places(one)
    elif isinstance(value, list):
        for one in value:
            yield from _places(one)


@pytest.fixture(scope="module")
def recorded(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "plain.tfrec"
    assert main(["record", str(path), "--for", "8s", *where(target)]) == 0
    return path


def where(target: Target) -> list[str]:
    if target.demo is not None:
        return ["--config", str(target.demo.config)]
    return ["--kubeconfig", str(target.kubeconfig), "--context", target.context]


def config(target: Target) -> list[str]:
    return where(target)[:2] if target.demo is not None else []


def test_no_recording_has_a_name(target: Target, tmp_path: Path) -> None:
    path, aliases = tmp_path / "a.tfrec", tmp_path / "table.json"
    assert main(["record", str(path), "--for", "8s", "--aliases", str(aliases), *where(target)]) == 0
    wanted = names(target)
    assert len(wanted) > 5 and leaks_of(path, wanted) == {}
    read = Recording.open(path)
    assert read.header.anonymised and aliases.stat().st_mode & 0o77 == 0
    [cluster] = read.picture_at(read.end).clusters.values()
    assert cluster.objects("Namespace") and "kube-system" in {
        key.name for key in cluster.objects("Namespace")
    }
    originals = set(json.loads(aliases.read_text()).values())
    seen = {key.name for kind in ("Namespace", "Node", "Pod") for key in cluster.objects(kind)}
    assert not [name for name in seen & originals if telling(name)]


@pytest.mark.parametrize(
    "format", sorted(set(FORMATS) - {"png"})
)  # which is drawn of the svg, and of nothing else
def test_no_snapshot_has_a_name(target: Target, recorded: Path, tmp_path: Path, format: str) -> None:
    path, aliases = tmp_path / f"all.{format}", tmp_path / "table.json"
    asked = ["snapshot", "--screen", "all", "--format", format, "--recording", str(recorded), *config(target)]
    plain = tmp_path / "as-it-is"
    assert main([*asked, "-o", str(plain)]) in (0, 1, 2)
    assert main([*asked, "-o", str(path), "--aliases", str(aliases)]) in (0, 1, 2)
    wanted = names(target)
    assert leaks_of(path, wanted) == {}
    if format not in ("prometheus", "slack"):  # few names stand there
        assert leaks_of(plain, wanted), "nothing was looked for"


def test_no_bundle_has_a_name_and_its_parts_agree(target: Target, recorded: Path, tmp_path: Path) -> None:
    import zipfile

    path, aliases = tmp_path / "b.zip", tmp_path / "table.json"
    asked = [
        "incident-bundle",
        "--yes",
        "--recording",
        str(recorded),
        "-o",
        str(path),
        "--aliases",
        str(aliases),
    ]
    assert main([*asked, *config(target)]) in (0, 2)
    assert leaks_of(path, names(target)) == {}
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("manifest.json"))["anonymised"] is True
        text = archive.read("snapshot/all.txt").decode()
    played, was = Recording.open(path), Recording.open(recorded)
    assert played.header.anonymised and played.end == was.end
    [shown], [before] = (r.picture_at(r.end).clusters.values() for r in (played, was))
    assert {kind: len(seen.value or ()) for kind, seen in shown.kinds.items()} == {
        kind: len(seen.value or ()) for kind, seen in before.kinds.items()
    }
    together = [len(set(c.objects("PodMetrics")) & set(c.objects("Pod"))) for c in (shown, before)]
    assert together[0] == together[1]
    workloads = {key.name for key in shown.objects("Deployment")}
    assert not workloads or [name for name in workloads if name in text]
    then, now = was.judged_at(was.end), played.judged_at(played.end)
    assert then is not None and now is not None
    assert [(s.id, s.level, s.count) for s in then.sections] == [
        (s.id, s.level, s.count) for s in now.sections
    ]
    assert sorted(v.level for told in then.verdicts.values() for v in told) == sorted(
        v.level for told in now.verdicts.values() for v in told
    )

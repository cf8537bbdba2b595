"""``python -m tests.platform.record_fixtures [NAME ...]``: makes the recordings of real parts in ``tests/fixtures/recordings`` anew, all or those named.

Each is what ``tfdash record`` wrote of a scene on a cluster of its own; only the header has another name for the terminal, and the
versions of the parts.
"""

from __future__ import annotations

import sys
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from tests.platform.harness.argo import ARGO_ROLLOUTS, FLAGGER
from tests.platform.harness.build import KUBERNETES, KWOK, METRICS_SERVER, PROMETHEUS_VERSION
from tests.platform.harness.cert_manager import CERT_MANAGER
from tests.platform.harness.cluster import Cluster
from tests.platform.recordings import platform, releases
from tests.platform.recordings.stage import POLICY, Stage
from tfdash.recording.frames import FrameKind, FrameWriter, RecordingHeader, frames, open_recording, payload
from tfdash.recording.reading import Recording

FOLDER = POLICY.parent
SUFFIX = ".tfrec"
_CLUSTER = {"Kubernetes": KUBERNETES, "KWOK": KWOK, "metrics-server": METRICS_SERVER}
_ARGO = {"Argo Rollouts": ARGO_ROLLOUTS, "Prometheus": PROMETHEUS_VERSION}
_FLAGGER = {"Flagger": FLAGGER, "Prometheus": PROMETHEUS_VERSION}


class Scene(NamedTuple):
    play: Callable[[Stage], None]
    parts: Mapping[str, str] = MappingProxyType({})
    nodes: int = 2


SCENES: dict[str, Scene] = {
    "argo-aborts": Scene(releases.argo_aborts, _ARGO),
    "argo-promoted": Scene(releases.argo_promoted, _ARGO),
    "flagger-fails": Scene(releases.flagger_fails, _FLAGGER),
    "prometheus-gone": Scene(releases.prometheus_gone, _ARGO),
    "stuck-and-undone": Scene(platform.stuck_and_undone),
    "drain-blocked": Scene(platform.drain_blocked, nodes=3),
    "quota-reached": Scene(platform.quota_reached),
    "certificate-renewed": Scene(platform.certificate_renewed, {"cert-manager": CERT_MANAGER}),
    "api-server-away": Scene(platform.api_server_away),
}


def kept(recorded: Path, parts: dict[str, str], to: Path) -> None:
    """The same frames, packed as small as they can be, under a header that names no machine."""
    whole = Recording.open(recorded)
    gaps = [frame for frame in whole.frames_since(whole.start) if frame.kind == FrameKind.GAP]
    assert whole.closed and not whole.cut and not gaps, f"it is not whole: {whole.cut or gaps}"
    file, header, link = open_recording(recorded)
    about: RecordingHeader = msgspec.structs.replace(header, terminal="platform-tests", parts=parts)
    with file, to.open("wb", buffering=0) as out:
        writer = FrameWriter(out, about)
        for frame, _ in frames(file, link):
            packed = zlib.compress(payload(file, frame), 9)
            writer.add_packed(frame.kind, frame.first, frame.last, packed)


def make(name: str) -> None:
    scene = SCENES[name]
    with tempfile.TemporaryDirectory(prefix="tfdash-scene-") as folder, Cluster() as cluster:
        stage = Stage(cluster, Path(folder), nodes=scene.nodes)
        scene.play(stage)
        kept(stage.recorded, {**_CLUSTER, **scene.parts}, FOLDER / f"{name}{SUFFIX}")
    print(f"{name}: {(FOLDER / f'{name}{SUFFIX}').stat().st_size:,} bytes", flush=True)


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in SCENES]:
        print(f"no scene {', '.join(unknown)}; there are {', '.join(SCENES)}", file=sys.stderr)
        return 64
    for name in names or list(SCENES):
        make(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

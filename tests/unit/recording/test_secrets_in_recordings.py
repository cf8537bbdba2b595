"""A secret that is planted wherever text may enter is in no frame."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from tests.tui import world
from tests.tui.recorded import REF
from tests.unit.recording.test_recording import said
from tests.unit.recording.worlds import in_file, opened
from tfdash.model.kube import Condition
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ServerInfo, SourceInfo
from tfdash.model.store_state import ApprovalRequest, StoreState, VerifiedGood
from tfdash.model.subject import Key, Subject
from tfdash.model.traffic import Alert
from tfdash.model.usage import PodMetrics
from tfdash.model.verdict import Level
from tfdash.recording import frames as file_of
from tfdash.text import hold_secret

HELD = "hold-me-5f1c0a77"
PLAIN = (
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2VjcmV0",
    "Bearer abcdefghijklmnopqrstuvwxyz123456",
    "postgres://app:hunter2-in-a-url@db/app",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
)
SECRETS = (
    HELD,
    "c2VjcmV0",
    "abcdefghijklmnopqrstuvwxyz123456",
    "hunter2-in-a-url",
    "MIIEowIBAAKCAQEA",
    "env-value-93",
)
SAID = f"it said {HELD} and {' '.join(PLAIN)}"
TEMPLATE = json.dumps(
    {"spec": {"containers": [{"name": "a", "env": [{"name": "PLAIN_NAME", "value": "env-value-93"}]}]}}
)


def test_a_planted_secret_is_in_no_frame(tmp_path: Path) -> None:
    hold_secret(HELD)
    path = tmp_path / "a.tfrec"
    lived = in_file(path, whole_every=0.0, least=0.0)
    lived.turn()
    lived.world()
    node = next(iter(world.objects()["Node"]))
    for kind in (
        "Pod",
        "Deployment",
        "Node",
    ):  # nodes have numbers beyond 64 bits, which are written another way
        seen = lived.fold.picture.clusters[REF].kinds[kind]
        assert seen.value is not None
        key, one = next(iter(seen.value.items()))
        bad = msgspec.structs.replace(one, conditions=(Condition("Ready", "False", message=SAID),))
        problem = Problem(kind=ProblemKind.SERVER_ERROR, cause=SAID)
        after = msgspec.structs.replace(seen, value={**seen.value, key: bad}, problem=problem, note=SAID)
        lived.put("put_objects", REF, kind, after, frozenset({key}))
    lived.put("put_info", REF, Observation(value=ServerInfo(version=SAID, user=HELD)))
    lived.put("put_status", "feed", Observation(value=SourceInfo(name="feed", about=SAID), note=SAID))
    lived.put(
        "put_signals", {("alerts", REF): Observation(value=(Alert(name="a", state="firing", summary=SAID),))}
    )
    subject = Subject(REF, "Deployment", world.NS, HELD)
    good = VerifiedGood(subject=subject, template=TEMPLATE, template_hash="x", images=())
    asked = ApprovalRequest(
        id="1", digest="d", requester=SAID, requested_at=0.0, expires_at=1.0, reason=SAID, plan=TEMPLATE
    )
    lived.put(
        "put_store_state", StoreState(verified={subject: good}, approvals=(asked,), manual={subject: SAID})
    )
    judged = said(1, Level.BREACH)
    [(pod, (verdict,))] = judged.verdicts.items()
    lived.judge(
        msgspec.structs.replace(judged, verdicts={pod: (msgspec.structs.replace(verdict, sentence=SAID),)})
    )
    lived.turn()
    lived.end()
    file, _, link = file_of.open_recording(path)
    raw = b"".join(file_of.payload(file, frame) for frame in [f for f, _ in file_of.frames(file, link)])
    assert raw.count(b"[redacted]") > 20 and node.name.encode() in raw
    assert [secret for secret in SECRETS if secret.encode() in raw + path.read_bytes()] == []
    recording = opened(path)
    pods = recording.picture_at(recording.end).clusters[REF].kinds["Pod"].value
    assert pods is not None and Key(world.NS, "") not in pods
    assert "it said [redacted]" in recording.picture_at(recording.end).store_state.manual.popitem()[1]


def test_a_secret_in_a_name_is_in_no_frame_and_its_object_comes_and_goes(tmp_path: Path) -> None:
    hold_secret(HELD)
    lived = in_file(tmp_path / "a")
    lived.turn()
    one = msgspec.structs.replace(world.objects()["Pod"][0], name=f"x-{HELD}")
    there = Observation(value={Key(one.namespace, one.name): one}, complete=True)
    lived.put("put_objects", REF, "Pod", there, None)
    at = lived.clock.at
    lived.put("put_objects", REF, "Pod", msgspec.structs.replace(there, value={}), None)
    lived.turn()
    lived.end()
    file, _, link = file_of.open_recording(tmp_path / "a")
    raw = b"".join(file_of.payload(file, frame) for frame, _ in file_of.frames(file, link))
    assert HELD.encode() not in raw
    pods = opened(tmp_path / "a").picture_at(at).clusters[REF].kinds["Pod"].value
    assert pods is not None
    assert [(key.name, pod.name) for key, pod in pods.items()] == [("x-[redacted]", "x-[redacted]")]
    assert opened(tmp_path / "a").picture_at(at + 1).clusters[REF].kinds["Pod"].value == {}


def test_a_secret_in_a_name_of_what_is_measured_is_in_no_frame(tmp_path: Path) -> None:
    """Of what pods use the names stand in a roster beside columns: that of a pod, of its namespace, of a container."""
    hold_secret(HELD)
    lived = in_file(tmp_path / "a")
    lived.turn()
    names = [("shop", "web", ("app",)), ("shop", f"x-{HELD}", ("app",))]
    names += [(f"n-{HELD}", "web", ("app",)), ("shop", "two", ("app", f"c-{HELD}"))]
    for at in (1.0, 2.0):  # the second time the roster is known already
        pods = [
            PodMetrics(
                namespace=n, name=p, at=at, cpu=7, names=c, each=(7, None) * len(c) if len(c) > 1 else ()
            )
            for n, p, c in names
        ]
        value = {Key(one.namespace, one.name): one for one in pods}
        lived.put("put_objects", REF, "PodMetrics", Observation(value=value, complete=True), None)
    lived.turn()
    lived.end()
    file, _, link = file_of.open_recording(tmp_path / "a")
    raw = b"".join(file_of.payload(file, frame) for frame, _ in file_of.frames(file, link))
    assert HELD.encode() not in raw and b"web" in raw
    recording = opened(tmp_path / "a")
    read = recording.picture_at(recording.end).clusters[REF].kinds["PodMetrics"].value
    assert read is not None and {(*key, one.at) for key, one in read.items()} == {
        ("shop", "web", 2.0),
        ("shop", "x-[redacted]", 2.0),
        ("n-[redacted]", "web", 2.0),
        ("shop", "two", 2.0),
    }

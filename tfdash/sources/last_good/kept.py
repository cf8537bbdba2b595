"""The file of the last-good picture of one cluster. Blocking. It is written whole beside the one before, so that a kill leaves one or the other."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

from tfdash.finished_file import PRIVATE, finished
from tfdash.model.last_good import LastGood
from tfdash.model.subject import ClusterRef
from tfdash.named_file import read_named

_MOST = 2 << 20  # bytes; 500 services have about 300 KB


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    environment: str
    cluster: str
    picture: LastGood


_DECODER = msgspec.json.Decoder(_Kept)


def path_in(folder: Path, ref: ClusterRef) -> Path:
    """Of a cluster's names, whatever stands in them."""
    digest = sha256(msgspec.json.encode((ref.environment, ref.cluster))).hexdigest()[:32]
    return folder / f"last-good-{digest}.json"


def recall(folder: Path, ref: ClusterRef) -> LastGood | None:
    """None where none was kept. Raises ``OSError``, and ``ValueError`` for what is none."""
    try:
        raw = read_named(str(path_in(folder, ref)), _MOST)
    except FileNotFoundError:
        return None
    kept = _DECODER.decode(raw)
    if kept.version != 1 or (kept.environment, kept.cluster) != (ref.environment, ref.cluster):
        raise ValueError("it is of another version, or of another cluster")
    return kept.picture


def keep(folder: Path, ref: ClusterRef, picture: LastGood) -> None:
    """Raises ``OSError``; then the one before is as it was."""
    kept = _Kept(version=1, environment=ref.environment, cluster=ref.cluster, picture=picture)
    with finished(path_in(folder, ref), PRIVATE) as file:
        file.write(msgspec.json.encode(kept))

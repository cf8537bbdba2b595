"""A file that others read is the old one or the new one, whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tfdash.finished_file import PRIVATE, finished, write_finished


def only(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_one_has_what_the_umask_leaves_and_an_old_one_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "made" / "x.prom"
    before = os.umask(0o027)
    try:
        write_finished(path, b"one")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        first = path.stat().st_ino
        write_finished(path, b"two")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"two" and path.stat().st_ino != first
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert only(path.parent) == ["x.prom"]


def test_a_link_leads_to_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old")
    (tmp_path / "link").symlink_to("there")
    write_finished(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "there").read_text() == "new"


def test_what_fails_leaves_the_old_one_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_finished(path, b"new")
    assert path.read_text() == "old" and only(tmp_path) == ["x"]


def test_neither_folder_nor_pipe_nor_device_is_taken_away(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "pipe", Path(os.devnull), tmp_path / "file" / "x"):
        with pytest.raises(OSError, match=r"folder|no file"):
            write_finished(path, b"new")
    assert only(tmp_path) == ["file", "pipe"] and stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_the_longest_name_has_room_for_the_one_beside_it(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127)
    write_finished(path, b"new")
    assert path.read_bytes() == b"new"


def test_what_is_for_its_user_alone_stays_that_where_another_file_was(tmp_path: Path) -> None:
    """The table of ``--aliases`` took over that everybody might read what was there before."""
    path = tmp_path / "table.json"
    path.write_bytes(b"old")
    path.chmod(0o644)
    with finished(path, PRIVATE) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == PRIVATE

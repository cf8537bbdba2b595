"""Versions as API servers and kubelets write them: what they are, and whose table of support they follow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

UPSTREAM = "upstream"
_NUMBERS = re.compile(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,6})(?P<rest>.{0,200})\Z", re.ASCII)
_STAGE = re.compile(r"-(?P<stage>alpha|beta|rc)\.(?P<number>\d{1,3})(?:\.\d{1,6})?(?P<rest>(?:[+-].*)?)\Z")
_STAGES = {"alpha": -3000, "beta": -2000, "rc": -1000}
_VENDORS = (  # what it ends with, and the table that it follows; a number there is the vendor's own build of the same patch
    # "-eks-1-33-7" is EKS Distro, which runs anywhere and has no extended support
    (re.compile(r"-eks-(?!\d+-\d+-\d+\Z)[0-9a-z.-]+\Z"), "eks"),
    (re.compile(r"-gke\.(\d{1,12})\Z"), "gke"),
    (re.compile(r"\+k3s(\d{1,6})\Z"), UPSTREAM),
    (re.compile(r"\+rke2r(\d{1,6})\Z"), UPSTREAM),
)


class Version(NamedTuple):
    """Ordered as they follow each other. ``stage`` is below 0 for what comes before the release itself; ``build``: a vendor's own of the
    same patch, where it counts them."""

    major: int
    minor: int
    patch: int
    stage: int = 0
    build: int = 0

    @property
    def short(self) -> str:
        """``1.37.2``."""
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def cycle(self) -> str:
        """``1.37``: what a table of support has a line for."""
        return f"{self.major}.{self.minor}"


class ReadVersion(NamedTuple):
    """A version as it was written, read. ``table``: whose support it has, "" where nobody knows that ending."""

    text: str
    version: Version
    table: str


def read(text: str, endings: Mapping[str, str]) -> ReadVersion | None:
    """``endings``: further ones, by what they begin with ("" for none at all), and their table. None where it is no version."""
    found = _NUMBERS.match(text)
    if found is None:
        return None
    version, rest = Version(*map(int, found.groups()[:3])), found["rest"]
    if staged := _STAGE.match(rest):
        version = version._replace(stage=_STAGES[staged["stage"]] + int(staged["number"]))
        rest = staged["rest"]
    own = max((e for e in endings if e and rest.startswith(e)), key=len, default=None)
    if own is not None:
        return ReadVersion(text, version, endings[own])
    for pattern, table in _VENDORS:
        if ending := pattern.match(rest):
            build = int(ending[1]) if pattern.groups else 0
            return ReadVersion(text, version._replace(build=build), table)
    return ReadVersion(text, version, endings.get("", UPSTREAM) if not rest else "")


def same_update(planned: str, version: Version) -> bool:
    """Whether a plan that says "1.37" or "1.37.2" is about this version."""
    return planned.removeprefix("v").split(".") in (version.cycle.split("."), version.short.split("."))


def same_patch(planned: str, version: Version) -> bool:
    """Whether a plan says exactly this version."""
    return planned.removeprefix("v").split(".") == version.short.split(".")

"""Container images as people say them: without the registry, with what tells two apart."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.text import safe

_DIGEST = len("sha256:") + 12


def split_image(image: str) -> tuple[str, str]:
    """(repository, tag or start of the digest); a port of the registry is no tag."""
    name, at, digest = image.partition("@")
    path, slash, last = name.rpartition("/")
    base, _, tag = last.partition(":")
    repository = f"{path}{slash}{base}"
    return (repository, digest[:_DIGEST]) if at else (repository, tag)


def short_image(image: str) -> str:
    """``checkout:2.14.0``, ``checkout@sha256:4f2a…`` with twelve digits, safe to show."""
    repository, tag = split_image(image)
    name = repository.rpartition("/")[2]
    return safe(f"{name}{'@' if '@' in image else ':'}{tag}" if tag else name)


def short_images(images: Iterable[str]) -> str:
    """The first image, and how many more: ``checkout:2.14.0 +1``."""
    all_images = tuple(images)
    if not all_images:
        return ""
    more = f" +{len(all_images) - 1}" if len(all_images) > 1 else ""
    return short_image(all_images[0]) + more


def change_of(old: str, new: str) -> tuple[str, str]:
    """What differs between two images: tags alone where the repository stayed the same."""
    (old_name, old_tag), (new_name, new_tag) = split_image(old), split_image(new)
    if old_name == new_name and old_tag and new_tag and old_tag != new_tag:
        return safe(old_tag), safe(new_tag)
    return safe(old), safe(new)

"""The files that a configuration names for what it judges by: what of them cannot be used on this machine. Who connects (kubeconfigs,
tokens, CAs of a Prometheus) is the doctor's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tfdash.config.problems import ConfigProblem, dotted, line_of

if TYPE_CHECKING:
    from tfdash.config.settings import Settings


def unusable(settings: Settings, text: str, file: str) -> Iterator[ConfigProblem]:
    """One for each such key. ``text``: of the configuration, for its lines."""
    for path, why, remedy in _found(settings):
        yield ConfigProblem(file, line_of(text, path), dotted(path), why, remedy)


def _found(settings: Settings) -> Iterator[tuple[tuple[str, ...], str, str]]:
    from tfdash.playbook.versions.end_of_life import tables_of
    from tfdash.playbook.versions.removed_apis import removals_of

    tables, removals = tables_of(settings.versions.end_of_life), removals_of(settings.versions.removals)
    for key, problem in (("end_of_life", tables.problem), ("removals", removals.problem)):
        if problem:
            yield ("versions", key), problem, 'name another, or write "" for the shipped one'
    names = sorted(tables.tables)
    for ending, table in settings.versions.endings if names else ():
        if table not in names:
            yield (
                ("versions", "endings", ending),
                f'there is no table "{table}"',
                f"valid here: {', '.join(names)}",
            )
    for key, folder, package in (
        ("reports", settings.reports.templates, "tfdash.report"),
        ("notify", settings.notify.templates, "tfdash.notify"),
    ):
        if folder and (why := _no_templates(folder, package)):
            yield (
                (key, "templates"),
                why,
                'name the folder of your templates, or write "" for those that ship',
            )
    for i, endpoint in enumerate(settings.certificates.endpoints):
        if endpoint.trust and (why := _no_authorities(endpoint.trust)):
            yield (
                ("certificates", "endpoints", str(i), "trust"),
                why,
                'name a file in PEM, or write "" for the authorities of this system',
            )
    for i, feed in enumerate(settings.calendar.feeds):
        if feed.file and not Path(os.path.expanduser(feed.file)).is_file():
            where = "" if feed.file.startswith(("/", "~")) else f", looked for in {Path.cwd()}"
            yield (
                ("calendar", "feeds", str(i), "file"),
                f"there is no file {feed.file}{where}, and until it was read the calendar is closed",
                "name one that is there, by its whole path",
            )


def _no_templates(folder: str, package: str) -> str:
    """Why those of a company's own cannot be used, "" where they can: each is looked at, and none is run."""
    from tfdash.report.templates import TemplateFault, Templates

    templates = Templates(folder, package=package)
    try:
        for name in templates.own():
            templates.chosen(name)
    except TemplateFault as error:
        return str(error)
    return ""


def _no_authorities(trust: str) -> str:
    """Why a file cannot say whom to trust, "" where it can."""
    from tfdash.named_file import read_named
    from tfdash.sources.certificates.x509 import ders_of

    try:
        ders_of(read_named(trust, 10_000_000))
    except OSError as error:
        return f"{trust} cannot be read: {error.strerror or type(error).__name__}"
    except ValueError as error:
        return f"{trust} cannot be used: {error}"
    return ""

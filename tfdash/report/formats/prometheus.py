"""What is shown as metrics in Prometheus' text format 0.0.4, for the node exporter's textfile collector: no time stamps.

Bounded by pages, rules, sections, clusters and sources, never by what runs. What was not read is not 0: then ``tfdash_up`` is 0, the sections that
need it are UNKNOWN, a rule that could not speak has no series, and no 0 is written of anything that is counted. A file that is written no more
is told by ``tfdash_generated_timestamp_seconds``. Every series says of what environment, clusters, namespace and page it is: a collector has
one namespace for all files of its folder, and drops what two of them say under one name without telling it in its own metrics.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tfdash import __version__
from tfdash.model.assessment import Assessment
from tfdash.model.verdict import Level
from tfdash.report.shown import ALL, Shown, code_of_all
from tfdash.text import safe
from tfdash.views.sources import SourceRow, doubts


class MetricFamily(NamedTuple):
    """``samples``: labels and value of each."""

    name: str
    help: str
    samples: Iterable[tuple[Mapping[str, str], float]]


def write(shown: Sequence[Shown]) -> bytes:
    """Raises ValueError where nothing is shown."""
    about = _about(shown)
    text = "\n".join(line for family in _families(shown) for line in _lines(family, about))
    return f"{text}\n".encode(errors="backslashreplace")


def _about(shown: Sequence[Shown]) -> Mapping[str, str]:
    """What tells this snapshot's series from those of any other on the same machine."""
    asked = shown[0].asked
    refs = sorted(asked.picture.clusters)
    return {
        "environment": ",".join(dict.fromkeys(ref.environment for ref in refs)),
        "cluster": ",".join(dict.fromkeys(ref.cluster for ref in refs)),
        "namespace": asked.namespace or "",
        "snapshot": asked.screen if len(shown) == 1 else ALL,
    }


def _lines(family: MetricFamily, about: Mapping[str, str]) -> Iterator[str]:
    samples = [
        f"{family.name}{_labels({**about, **{name: text for name, text in labels.items() if text}})} {value:.17g}"
        for labels, value in family.samples
    ]
    if samples:
        yield f"# HELP {family.name} {family.help}"
        yield f"# TYPE {family.name} gauge"
        yield from samples


def _labels(labels: Mapping[str, str]) -> str:
    told = ",".join(f'{name}="{escaped(text)}"' for name, text in labels.items() if text)
    return f"{{{told}}}" if told else ""


def escaped(text: str) -> str:
    r"""As the value of a label: ``\``, ``"`` and the line end."""
    return safe(text).replace("\\", "\\\\").replace('"', '\\"')


def _families(shown: Sequence[Shown]) -> Iterator[MetricFamily]:
    asked, sources = shown[0].asked, {row: None for one in shown for row in one.sources}
    assessment, judged = asked.assessment, bool(asked.assessment.sections)
    whole = judged and not any(one.unread or doubts(one.sources, one.screen) for one in shown)
    yield MetricFamily("tfdash_build_info", "Which tfdash wrote this.", [({"version": __version__}, 1)])
    yield MetricFamily(
        "tfdash_generated_timestamp_seconds", "When what is told here was so.", [({}, asked.now)]
    )
    yield MetricFamily(
        "tfdash_up",
        "1: all that was asked for was read and judged; 0: something was not.",
        [({}, int(whole))],
    )
    yield MetricFamily(
        "tfdash_exit_code",
        "Of the snapshot: 0 in order, 1 findings, 2 unknown data.",
        [({}, code_of_all(shown))],
    )
    yield MetricFamily(
        "tfdash_source_up",
        "1: read as it should be; one without kind and source is the API server itself.",
        [(_named(row), _sound(row)) for row in sources if not row.absent],
    )
    yield MetricFamily(
        "tfdash_source_read_timestamp_seconds",
        "When it was last proven current; a source that was never read has none.",
        [(_named(row), asked.now - row.age) for row in sources if row.age is not None and not row.absent],
    )
    yield from _judged(assessment, whole=whole)
    yield MetricFamily(
        "tfdash_page_subjects",
        "What stands on a page and was judged, by its worst level.",
        [
            ({"screen": one.screen, "level": level}, count)
            for one in shown
            for level, count in one.counts.items()
            if count or whole
        ],
    )


def _judged(assessment: Assessment, *, whole: bool) -> Iterator[MetricFamily]:
    sections = assessment.sections
    yield MetricFamily(
        "tfdash_section_state",
        "The state of a section of the playbook: 1 at its level, 0 at the others.",
        [
            ({"section": s.id, "level": level.name}, int(s.level == level))
            for s in sections
            for level in _LEVELS
        ],
    )
    yield MetricFamily(
        "tfdash_section_findings",
        "How many are at the section's level.",
        [({"section": s.id}, s.count) for s in sections if s.count or whole],
    )
    yield MetricFamily(
        "tfdash_section_unknown",
        "How many of a section are not known, at whatever level it is.",
        [({"section": s.id}, s.unknown) for s in sections if s.unknown or whole],
    )
    counts: defaultdict[tuple[str, str, str], Counter[Level]] = defaultdict(Counter)
    for subject, verdicts in assessment.verdicts.items():
        for verdict in verdicts:
            counts[subject.cluster.environment, subject.cluster.cluster, verdict.rule][verdict.level] += 1
    yield MetricFamily(
        "tfdash_rule_verdicts",
        "What a rule says, by level; one that says nothing was not judged.",
        [
            (
                {"environment": environment, "cluster": cluster, "rule": rule, "level": level.name},
                found[level],
            )
            for (environment, cluster, rule), found in sorted(counts.items())
            for level in _LEVELS
            if found[level] or whole
        ],
    )


_LEVELS = tuple(sorted(Level, reverse=True))


def _named(row: SourceRow) -> Mapping[str, str]:
    ref = row.cluster
    return {
        "environment": ref.environment if ref is not None else "",
        "cluster": ref.cluster if ref is not None else "",
        "kind": row.kind,
        "source": row.source,
    }


def _sound(row: SourceRow) -> int:
    return int(row.state.level < Level.UNKNOWN)

"""Which source a page's report may doubt: those that it rests on."""

from __future__ import annotations

import pytest

from tfdash.model.certificates import CERTIFICATE_PAGES
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Picture, SourceInfo
from tfdash.model.verdict import Level
from tfdash.sources.helm.source import StoredReleasesSource
from tfdash.views.pages import PAGES
from tfdash.views.sources import doubts, source_rows

REFUSED = Problem(kind=ProblemKind.FORBIDDEN, cause="no right to list ValidatingWebhookConfigurations")


def refused(*only_for: str) -> Picture:
    info = SourceInfo(name="eu-1 held certificates", only_for=only_for)
    seen = Observation(value=info, observed_at=1.0, problem=REFUSED)
    return Picture(at=2.0, number=1, clusters={}, sources={"held": seen})


@pytest.mark.parametrize(
    ("only_for", "page", "doubted"),
    [
        ((), "canary", True),
        ((), "pods", True),
        (CERTIFICATE_PAGES, "certificates", True),
        (CERTIFICATE_PAGES, "overview", True),
        (CERTIFICATE_PAGES, "canary", False),
        (CERTIFICATE_PAGES, "pods", False),
    ],
)
def test_a_page_doubts_what_it_rests_on_and_the_overview_everything(
    only_for: tuple[str, ...], page: str, doubted: bool
) -> None:
    assert doubts(source_rows(refused(*only_for), 2.0), page) == [Level.UNKNOWN] * doubted


@pytest.mark.parametrize("pages", [CERTIFICATE_PAGES, StoredReleasesSource.ONLY_FOR])
def test_what_rests_on_a_source_are_pages(pages: tuple[str, ...]) -> None:
    assert set(pages) <= {page.id for page in PAGES}

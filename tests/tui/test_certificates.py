"""The page of certificates at three sizes, and its keys."""

from __future__ import annotations

import pytest

from screens.dialogs.confirm import ConfirmScreen
from tests.tui.certificateworld import also_looked_at, behind, source
from tests.tui.recorded import REF, Recorded
from tests.tui.running import SIZES, compare, running
from tests.tui.told_service import OFFERS, ToldService
from tfdash.model.action import Offer
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.views.certificates import CertificateRow

SHOP = Subject(REF, "Certificate", "tf-production", "shop")


async def test_golden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    async with running(source(), SIZES[0], start="certificates") as run:
        await run.shows("8 certificates")
        shown = {}
        for size in SIZES:
            await run.resize(*size)
            shown[size] = await run.still()
        for (width, height), text in shown.items():
            compare(f"certificates-{width}x{height}", text)


async def test_a_finding_of_the_overview_leads_to_its_row() -> None:
    async with running(source(), (160, 50), start="overview") as run:
        await run.shows("shop: renewal failed 3 times")
        run.table.move_to(SHOP)
        await run.press("enter")
        await run.shows("Certificates", "for shop.example.com")
        assert run.table.cursor_key == SHOP
        await run.press("w")
        await run.shows("certificates.managed", "Challenge tf-production/shop-5-1-1")


async def test_only_what_is_not_ok_and_a_filter() -> None:
    async with running(source(), (160, 50), start="certificates") as run:
        await run.shows("8 certificates")
        await run.press("z")
        await run.shows("5 of 8 certificates")
        await run.press("z", "slash", *"internal", "enter")
        await run.shows("3 of 8 certificates", "legacy", "grpc")


async def test_none_is_said_only_where_all_was_read() -> None:
    recorded = Recorded()
    async with running(recorded, (120, 40), start="certificates") as run:
        await run.shows("No certificate is kept here.")
        recorded.objects["Certificate"] = {}
        problem = Problem(kind=ProblemKind.FORBIDDEN, cause="may not list certificates")
        recorded.show("Certificate", complete=False, problem=problem)
        await run.shows("? may not list certificates")


async def test_beside_rows_it_is_said_what_could_not_be_read() -> None:
    recorded = source()
    async with running(recorded, (160, 50), start="certificates") as run:
        await run.shows("8 certificates", "of 8 certificates in order")
        recorded.objects["ClusterIssuer"] = {}
        problem = Problem(kind=ProblemKind.FORBIDDEN, cause="may not list them")
        recorded.show("ClusterIssuer", complete=False, problem=problem)
        await run.shows("8 certificates", "under way; ClusterIssuers of eu-1 cannot be read")


@pytest.mark.parametrize("size", SIZES)
async def test_the_page_of_a_tab_says_where_what_its_badge_counts_stands(size: tuple[int, int]) -> None:
    async with running(source(), size, start="calendar") as run:
        await run.shows("5 Calendar ✖", "✖1 Certificates :certificates")


async def test_what_is_served_and_what_is_held_stands_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    async with running(also_looked_at(), SIZES[0], start="certificates") as run:
        await run.shows("17 certificates")
        shown = {}
        for size in SIZES:
            await run.resize(*size)
            shown[size] = await run.still()
        for (width, height), text in shown.items():
            compare(f"certificates-served-{width}x{height}", text)


async def test_a_finding_about_an_address_leads_to_its_row() -> None:
    async with running(also_looked_at(), (200, 60), start="overview") as run:
        address = Subject(REF, "ServedCertificate", "", "old.example.com:443")
        await run.shows("answers only TLS 1.0")
        run.table.move_to(address)
        await run.press("enter")
        await run.shows("Certificates", "known from a handshake at")
        assert run.table.cursor_key == address


async def test_whom_an_address_waits_for_is_restarted_from_its_row() -> None:
    restart = Offer(action="workload.restart", title="workload: restart", key="r")
    actions = ToldService((*OFFERS, restart))
    address = Subject(REF, "ServedCertificate", "", "www.example.com:443")
    async with running(behind(), (160, 50), start="overview", actions=actions) as run:
        await run.shows("www.example.com:443: serves serial")
        run.table.move_to(address)
        await run.shows("restart Deployment tf-production/auth", "r: restart")
        await run.press("enter")
        await run.shows("known from a handshake at", "r restart")
        hints = {h.key for h in run.app.screen.query_one("#footer").hints}
        assert not hints & {"b", "s", "h", "o"}  # nothing else has to do with it
        await run.press("r")
        await run.until(lambda: isinstance(run.app.screen, ConfirmScreen), "the dialog")
        await run.until(lambda: bool(actions.planned), "the plan")
        [(action, about, _)] = actions.planned
        assert (action, about.kind, about.name) == ("workload.restart", "Deployment", "auth")
        await run.press("escape")
        run.table.move_to(address._replace(name="api.example.com:443"))
        await run.lacks("r restart")


async def test_the_way_by_a_command_leads_to_the_row_that_the_headline_names() -> None:
    """Which need not be the first here: that is the one that ends first."""
    recorded = source()
    gone = [key for key in recorded.objects["Certificate"] if key.name == "old-admin"]
    for key in gone:
        del recorded.objects["Certificate"][key]
    async with running(recorded, (120, 40), start="overview") as run:
        await run.shows("api: was to be renewed")
        named = next(s for s in run.app.board.assessment.sections if s.id == "certificates").subject
        assert named is not None
        await run.press("colon", *"certificates", "enter")
        await run.shows("7 certificates")
        await run.until(lambda: run.table.cursor_key == named._replace(uid=""), "its row")
        assert run.table.keys_in_view()[0] != named


def test_a_row_whose_source_is_not_current_says_so_first() -> None:
    verdict = Verdict(
        level=Level.UNKNOWN,
        rule="certificates.managed",
        subject=SHOP,
        sentence="shop: ends in 20 d, not proven current since 08:46 EST",
        doubt="not proven current since 08:46 EST",
    )
    row = CertificateRow(SHOP, "tf-production/shop", verdicts=(verdict,))
    assert row.finding == "not proven current since 08:46 EST: ends in 20 d"

"""Header, tabs, crumbs and footer: one line each, at every width."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from textual.binding import Binding

from tests.tui.widgets.hostile import HOSTILE
from tfdash.model.mode import ModeNow, Posture
from tfdash.views.age import Freshness
from tfdash.views.header import HeaderState
from widgets.crumbs import Crumbs
from widgets.footer import Footer
from widgets.header import Header
from widgets.oneline import OneLine
from widgets.tabs import Tab, Tabs
from widgets.theme import ThemedApp

STATE = HeaderState(
    "PRODUCTION",
    "production",
    "eu-1",
    "oncall@corp",
    "v1.37.2",
    ModeNow(),
    False,
    Freshness("▲ 47s old", "old"),
    "09:14 EST  14:14Z",
)
TABS = (
    Tab("a", "Overview", "1", (("✖1", "breach"), ("▲3", "warn"))),
    Tab("b", "Deployments", "2", (("▲1", "warn"),)),
    *(Tab(f"t{i}", f"Screen{i}", str(i)) for i in range(3, 10)),
)


class App(ThemedApp):
    BINDINGS: ClassVar = [
        Binding("l", "look", "logs", id="logs"),
        Binding("b", "back", "roll back", id="back"),
        Binding("h", "hidden", "hidden", id="hidden"),
        Binding("question_mark", "help", "help", id="app.help", key_display="?"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.did: list[Any] = []

    def compose(self) -> Any:
        yield Header(STATE)
        yield Tabs(TABS, "a")
        yield Crumbs()
        yield Footer(reason=lambda action: "window opens Tue 10:00" if action == "back" else "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "hidden"

    def action_look(self) -> None:
        self.did.append("look")

    def action_back(self) -> None:
        self.did.append("back")

    def action_help(self) -> None: ...

    def on_tabs_chosen(self, message: Tabs.Chosen) -> None:
        self.did.append(message.tab)

    def on_crumbs_chosen(self, message: Crumbs.Chosen) -> None:
        self.did.append(message.index)


def text(widget: OneLine) -> str:
    return widget.render_line(0).text


async def test_header_says_the_environment_first() -> None:
    async with App().run_test(size=(120, 10)) as pilot:
        header = pilot.app.query_one(Header)
        assert text(header).startswith(" PRODUCTION  READ-ONLY  eu-1 · oncall@corp · v1.37.2")
        assert text(header).rstrip().endswith("▲ 47s old  09:14 EST  14:14Z")
        header.update(STATE._replace(demo=True, mode=ModeNow(Posture.BREAK_GLASS, 3130)))
        assert text(header).startswith(" PRODUCTION  DEMO  BREAK-GLASS 52:10 ")


async def test_header_drops_the_least_important_first() -> None:
    async with App().run_test(size=(60, 10)) as pilot:
        header = pilot.app.query_one(Header)
        shown = text(header)
        assert "PRODUCTION" in shown
        assert "READ-ONLY" in shown
        assert "▲ 47s old" in shown
        assert "v1.37.2" not in shown
        assert "14:14Z" not in shown
        for width in (1, 20, 41):
            await pilot.resize_terminal(width, 5)
            assert header.render_line(0).cell_length == width
            assert width < 20 or text(header).lstrip().startswith("PRODU")


async def test_environments_look_different() -> None:
    async with App().run_test() as pilot:
        header = pilot.app.query_one(Header)
        styles = {
            header.style(f"header--{name}") for name in ("production", "staging", "development", "neutral")
        }
        assert len(styles) == 4
        assert header.style("header--production").bgcolor not in {
            header.style("tok-breach").color,
            header.style("header--staging").bgcolor,
        }


async def test_tabs_keep_the_active_one_in_view() -> None:
    async with App().run_test(size=(60, 10)) as pilot:
        tabs = pilot.app.query_one(Tabs)
        assert text(tabs).startswith(" 1 Overview ✖ 2 Depl. ▲ ")  # names and counts go before a tab does
        assert text(tabs).rstrip().endswith("…")
        tabs.set_tabs(TABS, "t9")
        assert text(tabs).startswith("…")
        assert "9 Screen9" in text(tabs)
        await pilot.resize_terminal(200, 10)
        assert "✖1 ▲3" in text(tabs)
        assert "…" not in text(tabs)


async def test_tabs_answer_clicks() -> None:
    app = App()
    async with app.run_test(size=(120, 10)) as pilot:
        await pilot.pause()
        await pilot.click(Tabs, offset=(text(app.query_one(Tabs)).index("Deployments") + 2, 0))
        assert app.did == ["b"]


async def test_crumbs_keep_the_last_and_what_the_screen_says() -> None:
    app = App()
    async with app.run_test(size=(120, 10)) as pilot:
        crumbs = app.query_one(Crumbs)
        crumbs.update(["Deployments", "tf-production", "checkout"], [("✖ BREACH", "breach"), "42 workloads"])
        assert text(crumbs).startswith(" Deployments › tf-production › checkout")
        assert text(crumbs).rstrip().endswith("✖ BREACH  42 workloads")
        await pilot.pause()
        await pilot.click(Crumbs, offset=(3, 0))
        assert app.did == [0]
        await pilot.resize_terminal(24, 10)
        assert "checkout" in text(crumbs)
        assert "✖ BREACH" in text(crumbs)
        assert "42 workloads" not in text(crumbs)


async def test_footer_shows_what_works_and_dims_what_is_refused() -> None:
    app = App()
    async with app.run_test(size=(120, 10)) as pilot:
        await pilot.pause()
        footer = app.query_one(Footer)
        assert text(footer).startswith(" l logs  b roll back ")
        assert text(footer).rstrip().endswith("? help")
        assert "hidden" not in text(footer)
        refused = next(h for h in footer.hints if h.text == "roll back")
        assert (refused.enabled, refused.reason) == (False, "window opens Tue 10:00")
        await pilot.click(Footer, offset=(2, 0))
        assert app.did == ["look"]
        await pilot.hover(Footer, offset=(text(footer).index("roll"), 0))
        assert str(footer.tooltip) == "window opens Tue 10:00"
        await pilot.resize_terminal(16, 10)
        assert text(footer).split() == ["l", "logs", "?", "help"]


@pytest.mark.parametrize("width", [1, 7, 30, 80, 200])
async def test_hostile_texts_stay_in_their_line(width: int) -> None:
    app = App()
    async with app.run_test(size=(width, 10)) as pilot:
        for name in HOSTILE:
            app.query_one(Header).update(
                HeaderState(
                    name, name, name, name, name, ModeNow(), True, Freshness(name, "dead"), name, (name,)
                )
            )
            app.query_one(Tabs).set_tabs([Tab(name, name, "1", ((name, "warn"),))], name)
            app.query_one(Crumbs).update([name, name], [(name, "warn"), name])
            await pilot.pause()
            for line in app.query(OneLine):
                strip = line.render_line(0)
                assert strip.cell_length == width
                assert not any(c in strip.text for c in "\x1b\x07\x9b\u202e\u200b\r\t\ud800")

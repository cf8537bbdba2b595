"""What workloads used over weeks: against the demo's Prometheus, which is held to the real one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sources.prometheus.server import REF, Board, Fake, Ticking, serve_series
from tfdash.demo.prometheus.series import HeldSeries, Series
from tfdash.model.kube import Owner, Pod, ReplicaSet
from tfdash.model.kubecluster import Node
from tfdash.model.observation import ListProgress, Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Objects, Picture
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Key, Subject
from tfdash.model.traffic import Signals
from tfdash.model.usage import PlaceDay, UsageHistory, usage_key
from tfdash.quantities import amounts
from tfdash.sources.prometheus.connecting import usage_history_for
from tfdash.sources.prometheus.options import Connection, Options
from tfdash.sources.prometheus.usage.digest import ERROR, digest_of, together
from tfdash.sources.prometheus.usage.histories import HistoryTerms, histories
from tfdash.sources.prometheus.usage.kept import KeptDays
from tfdash.sources.prometheus.usage.options import UsageSeries
from tfdash.sources.prometheus.usage.over_time import MOST, Sought, line_queries, step_of
from tfdash.sources.prometheus.usage.piece import Answers, ContainerPiece, UsagePiece, WorkloadPiece, piece_of
from tfdash.sources.prometheus.usage.source import UsageHistorySource, Windows

DAY = 86_400.0
TODAY = 20_000 * DAY
NOW = TODAY + 4 * 3600.0
MI = 2**20


def quantile(values: list[float], percent: float) -> float:
    """Prometheus' and numpy's."""
    found = sorted(values)
    rank = (len(found) - 1) * percent / 100
    low = math.floor(rank)
    return found[low] + (found[min(low + 1, len(found) - 1)] - found[low]) * (rank - low)


@given(st.lists(st.lists(st.floats(0, 1e12), max_size=40), min_size=1, max_size=6), st.floats(0, 100))
def test_a_percentile_of_digests_put_together_is_that_of_all_values(
    days: list[list[float]], percent: float
) -> None:
    values = [v for day in days for v in day]
    found = together(map(digest_of, days)).percentile(percent)
    if not values:
        assert found is None
    else:
        assert found is not None and math.isclose(
            found, quantile(values, percent), rel_tol=ERROR * 1.001, abs_tol=1e-8
        )


def cpu_at(pod: str, at: float) -> float:
    """Cores: busier by day; the second pod half as busy."""
    return (0.3 + 0.2 * math.sin(2 * math.pi * at / DAY)) * (1.0 if pod == "web-1-a" else 0.5)


class World(HeldSeries):
    """Two days and four hours of a Deployment's two pods, of which one ended a day ago; scraped each two minutes."""

    def __init__(self, owners: bool = True) -> None:
        super().__init__()
        for pod, begin, end in (
            ("web-1-a", TODAY - 2 * DAY, NOW),
            ("web-0-z", TODAY - 2 * DAY, TODAY - DAY - 600),
        ):
            times = [round(begin + 120 * i) * 1000 for i in range(round((end - begin) / 120))]
            counter, counts = 0.0, []
            for at in times:
                counts.append(counter)
                counter += cpu_at(pod, at / 1000) * 120
            of = {"namespace": "shop", "pod": pod, "container": "web"}
            self._add("container_cpu_usage_seconds_total", of, times, counts)
            size = [
                (100 + (50 if pod == "web-0-z" and i == 350 else 0)) * float(MI) for i in range(len(times))
            ]
            self._add("container_memory_working_set_bytes", of, times, size)
            if owners:
                one = [1.0] * len(times)
                said = {"namespace": "shop", "pod": pod, "owner_kind": "ReplicaSet", "owner_name": pod[:5]}
                self._add("kube_pod_owner", {**said, "owner_is_controller": "true"}, times, one)
                above = {
                    "namespace": "shop",
                    "replicaset": pod[:5],
                    "owner_kind": "Deployment",
                    "owner_name": "web",
                }
                self._add("kube_replicaset_owner", above, times, one)

    def _add(self, name: str, labels: dict[str, str], times: list[int], values: list[float]) -> None:
        self.series.append(Series({"__name__": name, **labels}, times, values))


@pytest.fixture
def server() -> Iterator[Fake]:
    with Fake() as running:
        yield running


def serving(server: Fake, world: World, longest: float = math.inf) -> None:
    serve_series(server, world, NOW, longest)


class Putting(Board):
    """And which objects were put."""

    def __init__(self) -> None:
        super().__init__()
        owner = Owner("ReplicaSet", "web-1", "rs")
        objects: dict[str, Objects] = {
            "Pod": {Key("shop", "web-1-a"): Pod(namespace="shop", name="web-1-a", owner=owner)},
            "ReplicaSet": {
                Key("shop", "web-1"): ReplicaSet(
                    namespace="shop", name="web-1", uid="rs", owner=Owner("Deployment", "web", "d")
                )
            },
        }
        kinds = {k: Observation(value=v, complete=True, observed_at=NOW) for k, v in objects.items()}
        cluster = ClusterPicture(ref=REF, info=Observation(), kinds=kinds)
        well = Observation(value="3.16.0", observed_at=NOW, complete=True)
        self.picture = Picture(
            at=NOW, number=1, clusters={REF: cluster}, signals=Signals(prometheus={REF: well})
        )
        self.put: Observation[Any] = Observation()
        self.puts: list[Observation[Any]] = []

    def put_objects(self, ref: Any, kind: str, observation: Any, changed: Any) -> None:
        assert (ref, kind) == (REF, "UsageHistory")
        self.put = observation
        self.puts.append(observation)

    def having(self, seen: Observation[Any], kind: str = "UsageHistory") -> Picture:
        """Its picture with these."""
        cluster = self.picture.clusters[REF]
        told = msgspec.structs.replace(cluster, kinds={**cluster.kinds, kind: seen})
        return msgspec.structs.replace(self.picture, clusters={REF: told})

    async def until(self, true: Any, patience: float) -> None:
        assert true()


def source(server: Fake, folder: Path | None = None, now: float = NOW, **over: bool) -> UsageHistorySource:
    windows = Windows(bands=1, sizes=2, percentile=95.0)
    return usage_history_for(
        REF,
        Connection(url=server.url),
        Options(usage=UsageSeries(step=600.0)),
        None,
        Ticking(now),
        windows,
        folder,
        asyncio.Semaphore(2),
        **over,
    )


def history(board: Putting) -> UsageHistory:
    found = board.put.value[usage_key("Deployment", "shop", "web")]
    assert isinstance(found, UsageHistory)
    return found


async def test_whole_days_and_todays_part_of_all_pods_that_there_were(server: Fake) -> None:
    serving(server, World())
    board, one = Putting(), source(server)
    await one.round(board)
    found = history(board)
    assert (found.since, found.until, found.current_only) == (TODAY - DAY, TODAY, False)
    (container,) = found.containers
    points = [TODAY - 2 * DAY + 600 * i for i in range(round((2 * DAY + 4 * 3600) / 600))]
    wanted = quantile([cpu_at("web-1-a", at) for at in points], 95)
    assert dict(container.cpu)[95.0] == pytest.approx(wanted, rel=0.01)  # and the ended pod's is half of it
    assert container.memory_most == 150 * MI  # of the pod that ended
    day = [cpu_at("web-1-a", TODAY - DAY + 600 * i) for i in range(144)]
    assert found.cpu_p95 == pytest.approx(quantile(day, 95), rel=0.01)
    assert found.covered == pytest.approx(DAY, rel=0.01)
    assert board.put.value[usage_key("Namespace", "", "shop")].cpu_p95 == found.cpu_p95
    assert one.status.value is not None and f"{one.asking.queries} queries" in one.status.value.about


@pytest.mark.parametrize(("after", "until"), [(599.0, TODAY - DAY), (600.0, TODAY)])
async def test_a_day_is_kept_once_it_gets_no_sample_any_more(
    server: Fake, tmp_path: Path, after: float, until: float
) -> None:
    """Scrapes come late: what is read ten minutes after midnight is whole, and until then yesterday belongs to today's part."""
    serving(server, World())
    board = Putting()
    await source(server, tmp_path, TODAY + after).round(board)
    assert (history(board).since, history(board).until) == (until - DAY, until)
    assert max(path for path in lasting(tmp_path) if path.endswith(".day")).endswith(
        f"/{int(until - DAY)}.day"
    )


@pytest.mark.parametrize("names", [None, ("shop",)])
async def test_of_some_namespaces_pools_and_the_cluster_have_no_weeks(
    server: Fake, tmp_path: Path, names: tuple[str, ...] | None
) -> None:
    serving(server, World())
    read, kept = Putting(), Putting()
    first, second = source(server, tmp_path), source(server, tmp_path, reading=True, once=True)
    for one in (first, second):
        one.only(names)
    await first.round(read)
    await second.recall(kept)
    for board in (read, kept):
        assert history(board).covered
        assert (usage_key("Cluster", "", "") in board.put.value) is (names is None)


async def test_a_day_that_was_read_is_asked_for_no_more_by_whoever_comes_later(
    server: Fake, tmp_path: Path
) -> None:
    serving(server, World())
    first = source(server, tmp_path / "usage")
    await first.round(Putting())
    board, second = Putting(), source(server, tmp_path / "usage")
    await second.round(board)
    assert (first.asking.queries, second.asking.queries) == (3 * 11, 11), "of the second today's part alone"
    assert history(board).containers[0].memory_most == 150 * MI
    assert (tmp_path / "usage").stat().st_mode & 0o077 == 0
    await second.round(board)
    assert second.asking.queries == 11, "and that not again before time has passed"


async def test_what_is_too_much_at_once_is_asked_for_in_halves(server: Fake) -> None:
    whole, halves = Putting(), Putting()
    serving(server, World())
    await source(server).round(whole)
    serving(server, World(), longest=8 * 3600.0)
    one = source(server)
    await one.round(halves)
    assert halves.put.problem is None
    assert history(halves) == history(whole)


async def test_without_owners_the_pods_of_now_alone_are_in_it(server: Fake) -> None:
    serving(server, World(owners=False))
    board = Putting()
    await source(server).round(board)
    found = history(board)
    assert found.current_only and found.containers[0].memory_most == 100 * MI


async def test_a_server_that_is_gone_keeps_what_was_known_and_says_so(server: Fake) -> None:
    serving(server, World())
    board, one = Putting(), source(server)
    await one.round(board)
    server.fail = lambda request: web.Response(status=503, text="no")
    one._today.clear()
    await one.round(board)
    assert board.put.problem is not None and board.put.problem.kind is ProblemKind.SERVER_ERROR
    assert history(board).containers


@pytest.mark.parametrize("more", [{"warnings": ["no store answered"]}, {"isPartial": True}])
async def test_a_day_of_which_something_lacks_is_not_added_up_and_not_kept(
    server: Fake, tmp_path: Path, more: dict[str, Any]
) -> None:
    serving(server, World())
    server.more = more
    board, one = Putting(), source(server, tmp_path)
    await one.round(board)
    assert usage_key("Deployment", "shop", "web") not in (board.put.value or {})
    assert board.put.problem is not None and board.put.problem.cause.startswith("the answer is incomplete: ")
    server.more = {}
    board, one = Putting(), source(server, tmp_path)
    await one.round(board)
    assert board.put.problem is None and history(board).containers


async def test_what_cannot_be_read_of_one_namespace_hides_no_other(server: Fake) -> None:
    serving(server, Places())
    answers, board = server.fail, Putting()
    pod = {Key("other", "api-a"): Pod(namespace="other", name="api-a")}  # which is asked for first
    there = {**board.picture.clusters[REF].objects(Pod.KIND), **pod}
    board.picture = board.having(Observation(value=there, complete=True, observed_at=NOW), Pod.KIND)
    server.fail = lambda r: (
        web.Response(status=503, text="no") if 'namespace="other"' in r.query["query"] else answers(r)
    )
    await source(server).round(board)
    assert board.put.problem is not None
    assert history(board).containers and history(board).covered == pytest.approx(DAY, rel=0.01)
    assert usage_key("Namespace", "", "other") not in board.put.value


async def test_what_failed_is_asked_for_again_soon_and_then_seldom(server: Fake) -> None:
    """One answer that does not come leaves the cluster without weeks: not for an hour."""
    serving(server, World())
    answers, board, one = server.fail, Putting(), source(server)
    server.fail = lambda request: web.Response(status=503, text="no")
    waits = []
    for _ in range(8):
        await one.round(board)
        waits.append(one.pause)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    server.fail = answers
    await one.round(board)
    assert one.pause == 3600 and board.put.problem is None
    assert usage_key("Cluster", "", "") in board.put.value
    server.fail = lambda request: web.Response(status=503, text="no")
    one._today.clear()
    await one.round(board)
    assert one.pause == 60


async def test_a_line_is_of_the_pods_that_were_whose_and_is_asked_for_once(server: Fake) -> None:
    serving(server, World())
    cluster, one = Putting().picture.clusters[REF], source(server)
    web = Subject(REF, "Deployment", "shop", "web")
    line = await one.read_use(web, 2 * DAY, cluster)
    assert line.step == 600.0 and not line.current_only and len(line.points) <= MOST
    pods = {p.at: (p.pods, p.cpu) for p in line.points}
    both, alone = pods[TODAY - 1.5 * DAY], pods[TODAY]
    assert (both[0], alone[0]) == (2, 1)
    assert both[1] == pytest.approx(1.5 * cpu_at("web-1-a", TODAY - 1.5 * DAY), rel=0.03)
    assert max(p.memory or 0 for p in line.points) == 250 * MI
    asked = one.asking.queries
    assert await one.read_use(web, 2 * DAY, cluster) is line and one.asking.queries == asked
    whole = await one.read_use(Subject(REF, "Namespace", "", "shop"), 2 * DAY, cluster)
    assert [p.cpu for p in whole.points] == pytest.approx([p.cpu for p in line.points])
    other = await one.read_use(Subject(REF, "Deployment", "shop", "we"), DAY, cluster)
    assert other.points == (), "whose names only begin likewise"


async def test_a_line_that_cannot_be_read_says_why(server: Fake) -> None:
    serving(server, World(), longest=600)
    with pytest.raises(ReadFailed, match="too many samples"):
        await source(server).read_use(
            Subject(REF, "Pod", "shop", "web-1-a"), DAY, Putting().picture.clusters[REF]
        )


@pytest.mark.parametrize(("span", "step"), [(3600, 300), (DAY, 300), (DAY + 1, 600), (7 * DAY, 2100)])
def test_a_line_has_a_bounded_number_of_points(span: float, step: float) -> None:
    assert step_of(UsageSeries(), span) == step and span / step <= MOST


class Places(World):
    """Beside it a namespace with a pod on a node of another pool, and one on a node that is gone; 0.1 and 0.05 cores all the time."""

    def __init__(self) -> None:
        super().__init__()
        times = [round(TODAY - 2 * DAY + 120 * i) * 1000 for i in range(round((2 * DAY + 4 * 3600) / 120))]
        for pod, cores, node in (("api-a", 0.1, "q1"), ("api-b", 0.05, "gone")):
            of = {"namespace": "other", "pod": pod, "container": "api"}
            counts = [cores * 120 * i for i in range(len(times))]
            self._add("container_cpu_usage_seconds_total", of, times, counts)
            self._add("container_memory_working_set_bytes", of, times, [float(MI)] * len(times))
            self._add(
                "kube_pod_owner",
                {**of, "owner_kind": "<none>", "owner_name": "<none>"},
                times,
                [1.0] * len(times),
            )
            self._add(
                "kube_pod_info", {"namespace": "other", "pod": pod, "node": node}, times, [1.0] * len(times)
            )
        info = {"namespace": "shop", "pod": "web-1-a", "node": "p1"}
        self._add("kube_pod_info", info, times, [1.0] * len(times))


async def test_the_cluster_and_its_pools_are_put_together_of_the_same_times(server: Fake) -> None:
    serving(server, Places())
    board, one = Putting(), source(server)
    cluster = board.picture.clusters[REF]
    pod = {Key("other", "api-a"): Pod(namespace="other", name="api-a")}
    nodes = {
        Key("", n): Node(namespace="", name=n, labels={"karpenter.sh/nodepool": n[0]}) for n in ("p1", "q1")
    }
    more = {
        "Pod": Observation(value={**cluster.objects("Pod"), **pod}, complete=True, observed_at=NOW),
        "Node": Observation[Objects](value=dict(nodes), complete=True, observed_at=NOW),
    }
    seen = msgspec.structs.replace(cluster, kinds={**cluster.kinds, **more})
    board.picture = msgspec.structs.replace(board.picture, clusters={REF: seen})
    await one.round(board)
    shop = board.put.value[usage_key("Namespace", "", "shop")]
    assert shop.cpu_p95 is not None
    for of, called, cores, size in (
        ("Cluster", "", shop.cpu_p95 + 0.15, 102 * MI),
        (
            "NodePool",
            "p",
            shop.cpu_p95 + 0.05,
            101 * MI,
        ),  # where the pod of the node that is gone ran, nobody knows
        ("NodePool", "q", 0.15, 2 * MI),
    ):
        found = board.put.value[usage_key(of, "", called)]
        assert (found.since, found.until, found.covered) == (TODAY - DAY, TODAY, DAY)
        assert found.cpu_p95 == pytest.approx(cores, rel=0.01) and found.memory_p95 == pytest.approx(
            size, rel=0.01
        )
    server.fail = lambda request: web.Response(status=503, text="no")
    await source(server).round(alone := Putting())
    assert usage_key("Cluster", "", "") not in alone.put.value, "of a part nothing is said of the whole"


@pytest.mark.parametrize(("rates", "points"), [(36, 144), (144, 144), (0, 0)])
def test_points_are_what_was_scraped_and_not_what_a_rate_was_had_of(rates: int, points: int) -> None:
    """Three hours of a pod that is scraped each minute: a rate over 75 s is had at each fourth step."""
    part = ContainerPiece("web-1-a", "web", "Deployment", "web", digest_of([0.2] * rates), memory_points=36)
    piece = UsagePiece(TODAY, TODAY + 3 * 3600, False, [part], [WorkloadPiece("Deployment", "web")])
    (found,) = histories("shop", [], [piece], HistoryTerms(95.0, 75.0, 300.0, ())).values()
    assert isinstance(found, UsageHistory)
    assert [c.samples for c in found.containers] == [points]


def test_what_pools_have_is_noted_by_day_at_its_most(tmp_path: Path) -> None:
    def at(day: int, nodes: int, asked: str) -> dict[str, PlaceDay]:
        return {
            "NodePool/p": PlaceDay(TODAY + day * DAY, nodes, amounts({"cpu": "4"}), amounts({"cpu": asked}))
        }

    for folder in (None, tmp_path / "usage" / "hash"):
        kept = KeptDays(folder)
        for day, nodes, asked in ((-2, 3, "1"), (-1, 3, "2"), (0, 2, "5"), (0, 3, "4")):
            kept.note(at(day, nodes, asked), TODAY - 2 * DAY)
        later = KeptDays(folder) if folder is not None else kept
        assert later.note({}, TODAY - DAY) == {
            int(TODAY - DAY): at(-1, 3, "2"),
            int(TODAY): at(0, 3, "5"),
        }


def test_a_day_before_there_was_anything_makes_no_history_one_of_current_pods_only() -> None:
    before = piece_of("shop", Answers({}, TODAY - DAY, TODAY), UsageSeries(), {})
    assert not before.current_only


def left(folder: Path, kept: tuple[int, ...]) -> None:
    """Days back."""
    for file in folder.rglob("*.day"):
        if TODAY - int(file.stem) not in [back * DAY for back in kept]:
            file.unlink()


def lasting(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("kept", "days", "progress"),
    [((1, 2), 2, None), ((1,), 1, ListProgress(1, 2)), ((2,), 1, ListProgress(1, 2)), ((), 0, ListProgress(0, 2))],
)  # fmt: skip
async def test_a_command_that_judges_once_begins_with_what_is_kept_and_writes_nothing(
    server: Fake, tmp_path: Path, kept: tuple[int, ...], days: int, progress: ListProgress | None
) -> None:
    serving(server, World())
    board = Putting()
    await source(server, tmp_path / "usage").round(board)
    wanted = history(board)
    left(tmp_path, kept)
    before = lasting(tmp_path)
    board, one = Putting(), source(server, tmp_path / "usage", reading=True, once=True)
    assert one.unsettled(board.picture, None) == (f"{REF.cluster} usage history",)  # type: ignore[arg-type]
    await one.recall(board)
    assert (one.asking.queries, one.whole, one.status.progress) == (0, False, progress)
    found = [key for key in board.put.value if key.name == "Deployment/web"]
    assert bool(found) == bool(days)
    if found:
        assert history(board).covered == pytest.approx(DAY if 1 in kept else 0.0, rel=0.01)
    # of pools and the cluster only where no day that is held against a band is lacking
    assert (usage_key("Cluster", "", "") in board.put.value) == (1 in kept)
    board.picture = board.having(board.put)
    assert one.unsettled(board.picture, None) == ()  # type: ignore[arg-type]
    await one.round(board)  # what is lacking is asked for, and kept by whoever keeps it
    assert (one.whole, one.status.progress) == (True, None)
    assert history(board) == wanted
    assert lasting(tmp_path) == before


async def test_that_weeks_are_asked_for_is_told_before_any_is_read(server: Fake, tmp_path: Path) -> None:
    """What is not there is then "still loading"; and a command that judges once waits on for what is kept."""
    board, one = Putting(), source(server, tmp_path / "usage", reading=True, once=True)
    one.asks = False
    await one.run(board)
    asked, kept = board.puts
    assert (asked.value, asked.complete, asked.problem) == (None, False, None)
    assert (kept.value, kept.complete, kept.problem) == ({}, True, None), (
        "nothing is kept, which is no loading"
    )
    waits = [one.unsettled(board.having(weeks), None) for weeks in (asked, kept)]  # type: ignore[arg-type]
    assert waits == [(f"{REF.cluster} usage history",), ()]


async def test_weeks_of_a_server_that_does_not_answer_are_not_loading(server: Fake) -> None:
    refused = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused", since=NOW)

    class Away(Putting):
        """Its server does not answer at first, and is waited for once."""

        waited = False

        async def until(self, true: Any, patience: float) -> None:
            assert not true() and not self.waited
            self.waited, self.picture = True, Putting().picture
            assert true()

    serving(server, World())
    board, one = Away(), source(server)
    away = Observation[Any](problem=refused)
    board.picture = msgspec.structs.replace(board.picture, signals=Signals(prometheus={REF: away}))
    await one.round(board)
    assert board.waited
    first, then, *_ = board.puts
    assert (first.problem, first.complete, first.value) == (refused, False, None)
    assert (then.problem, then.complete) == (None, False), "now it is loading"
    assert board.put.complete and history(board).covered
    board.waited, board.puts = False, []
    board.picture = msgspec.structs.replace(board.picture, signals=Signals(prometheus={REF: away}))
    await one.round(board)
    assert all(seen.value for seen in board.puts), "what was read is kept"


async def test_days_that_are_kept_count_although_others_cannot_be_asked_for(
    server: Fake, tmp_path: Path
) -> None:
    serving(server, World())
    await source(server, tmp_path / "usage").round(Putting())
    left(tmp_path, (2,))
    server.fail = lambda request: web.Response(status=503, text="no")
    board, one = Putting(), source(server, tmp_path / "usage")
    await one.round(board)
    assert board.put.problem is not None
    assert history(board).containers and history(board).sized_since == TODAY - 2 * DAY


def test_a_long_name_is_asked_for_by_as_much_as_its_pods_surely_have() -> None:
    long = Sought("Deployment", "shop", "w" * 60, DAY, DAY, {})
    _, asked = line_queries(UsageSeries(), long, ())
    assert {query.role for query in asked} == {"cpu", "memory"}
    assert all(f'pod=~"{"w" * 52}.*"' in query.text for query in asked)


def test_kills_that_nobody_told_take_none_away() -> None:
    told = [
        ContainerPiece(pod, "main", "Deployment", "web", first=0.0, last=60.0, oom_kills=kills)
        for pod, kills in (("a", 2.0), ("b", -1.0))
    ]
    piece = UsagePiece(0.0, DAY, False, told, [WorkloadPiece("Deployment", "web")])
    (found,) = histories("shop", [], [piece], HistoryTerms(95.0, 75.0, 300.0, ())).values()
    assert found.containers[0].oom_kills == 2

"""A backend of the simulator is one class: its address, its service, its steps and its settings follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from tfdash.demo import client_files
from tfdash.demo.apiserver.auth import User
from tfdash.demo.apiserver.server import ApiServer
from tfdash.demo.backend import Backend
from tfdash.demo.cluster import BACKENDS
from tfdash.demo.options import DemoOptions
from tfdash.demo.platform import Platform
from tfdash.demo.scenarios.scenario import ScenarioError, load
from tfdash.demo.scenarios.step import Step
from tfdash.demo.scenarios.steps import NAMES


class Bell(Backend):
    """Says who rang, from the cluster's own objects."""

    prefix = "/bell"

    async def serve(self, request: web.Request, user: User) -> web.Response:
        return web.Response(text=f"{user.name} rang; {self.cluster.name} keeps {self.name}")

    def is_service(self, namespace: str, name: str) -> bool:
        return (namespace, name) == ("platform", "bell")

    async def proxied(self, request: web.Request, path: str) -> web.Response:
        return web.Response(text=path)

    def settings(self, token: Path, ca: Path) -> list[str]:
        return [f"[environments.{self.cluster.name}.bell]", f'token = "{token}"']

    name = "nothing"

    def _rename(self, step: Step) -> None:
        self.name = step.name

    steps: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {"rename": _rename}


@pytest.fixture(scope="module")
def platform() -> Platform:
    made = Platform(DemoOptions(start=1_795_500_000.0, seed=1))
    for cluster in made.clusters.values():
        cluster.backends = (*cluster.backends, Bell(cluster))
    return made


async def answer(platform: Platform, path: str) -> web.Response:
    server = ApiServer(platform.clusters["staging"], platform, "control")
    headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {platform.tokens['admin']}"}
    return await server._serve(make_mocked_request("GET", path, headers=headers))


async def test_it_answers_on_its_own_address_and_through_the_service_proxy(platform: Platform) -> None:
    for path in ("/bell", "/bell/twice"):
        assert (await answer(platform, path)).text == "admin@corp rang; staging keeps nothing"
    assert b"admin@corp" not in ((await answer(platform, "/bells")).body or b"")
    proxied = "/api/v1/namespaces/platform/services/http:bell:80/proxy/ring//once"
    assert (await answer(platform, proxied)).text == "/ring//once"


@pytest.mark.parametrize(("service", "status"), [("other", 404), ("prometheus", 200)])
async def test_whoever_is_no_backend_is_said_as_the_proxy_says_it(
    platform: Platform, service: str, status: int
) -> None:
    path = f"/api/v1/namespaces/platform/services/{service}:9090/proxy/"
    assert (await answer(platform, path)).status == status


async def test_a_scenario_reaches_it(platform: Platform) -> None:
    platform.worlds["staging"].run(Step(do="rename", name="time", environment="staging"))
    assert (await answer(platform, "/bell")).text == "admin@corp rang; staging keeps time"


def test_its_settings_stand_in_the_written_configuration(platform: Platform, tmp_path: Path) -> None:
    text = client_files.config_text(platform, tmp_path / "kubeconfig")
    assert text.count("[environments.staging.bell]") == text.count("[environments.staging.prometheus]") == 1


def test_what_is_registered_names_its_steps(tmp_path: Path) -> None:
    assert {"prometheus-down", "prometheus-up", "release"} <= set(NAMES)
    assert all(name in NAMES for kind in BACKENDS for name in kind.steps)
    path = tmp_path / "mine.toml"
    path.write_text('[[step]]\ndo = "rename"\nat = 0\n')
    with pytest.raises(ScenarioError, match="'rename' is unknown; one of release, "):
        load(str(path))

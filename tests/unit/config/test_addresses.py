"""One rule for every setting that holds an address: what leads nowhere is refused, by its key, with how to write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfdash.addresses import wrong_with
from tfdash.config.load import load
from tfdash.config.problems import ConfigError


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("http://h", ""),
        ("https://h_1.example.:8443/p/x?y=1", ""),
        ("http://münchen.example", ""),
        ("http://[::1]:9090/x", ""),
        ("https://{environment}.ci/{name}", ""),  # filled in later
        ("http://a b", "a blank"),
        (" http://h", "a blank"),
        ("http://h/\x1b[2J", "a control character"),
        ("http://h\u200b/", "a control character"),
        ("http://h/a\n", "a control character"),
        ("http://", "no host"),
        ("https:/h", "no host"),
        ("http://:80", "no host"),
        ("http://[::1", "no host"),
        ("http://a..b", "cannot be"),
        ("http://h\\x/", "cannot be"),
        ("h:9090", "does not begin with http:// or https://"),
        ("ftp://h", "does not begin with http:// or https://"),
        ("http://h:0", "port"),
        ("http://h:65536", "port"),
        ("http://h:x", "port"),
        ("http://h/#x", '"#"'),
    ],
)
def test_what_leads_nowhere(address: str, wrong: str) -> None:
    said = wrong_with(address)
    assert wrong in said
    assert bool(said) == bool(wrong)


SETTINGS = {
    "environments.x.prometheus.url": '[environments.x.prometheus]\nurl = "{}"',
    "environments.x.prometheus.proxy": '[environments.x.prometheus]\nurl = "http://h"\nproxy = "{}"',
    "journeys.0.url": '[[journeys]]\nname = "j"\nurl = "{}"',
    "pipelines": '[actions.pipelines."workload.rollback"]\nurl = "{}"',
    "status_url": '[actions.pipelines."workload.rollback"]\nurl = "http://h"\nstatus_url = "{}"',
    "actions.gates": '[actions.gates]\n"a/b" = "{}"',
}


@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_that_holds_one_asks_it(key: str, tmp_path: Path) -> None:
    def read(address: str) -> None:
        path = tmp_path / "c.toml"
        path.write_text(SETTINGS[key].replace("{}", address))
        load(path)

    read("http://h:80")
    for address, wrong in (
        ("http://a b", "holds a blank"),
        ("http://", "no host"),
        ("ftp://h", "begin with http://"),
    ):
        with pytest.raises(ConfigError) as caught:
            read(address)
        assert key in str(caught.value)
        assert wrong in str(caught.value)
        assert "write it as" in str(caught.value)

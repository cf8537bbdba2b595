"""Which certificate an address of the simulated platform serves, and by whom it is signed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509

from tests.unit.demo.worlds import START, Stage
from tfdash.demo.addresses.server import Addresses
from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.objects import seconds, with_status
from tfdash.demo.controllers.cert_manager import parts as p
from tfdash.demo.scenarios.scenario import ScenarioError, load
from tfdash.demo.scenarios.step import Step
from tfdash.demo.tls import Issued

MAIN = "tf-production"
LEDGER, API = "ledger.tf-production.svc", "api.terrafusion.example"


@pytest.fixture
def stage() -> Stage:
    return Stage(load("expiring-certificate"))


def addresses(stage: Stage) -> Addresses:
    return stage.cluster.backend(Addresses)


def served(stage: Stage, name: str) -> Issued:
    with stage.cluster.agenda.pretending(stage.time):
        found = addresses(stage).served(name)
    assert found is not None
    return found


def times(found: Issued) -> tuple[float, float]:
    one = found.certificate
    return one.not_valid_before_utc.timestamp(), one.not_valid_after_utc.timestamp()


def kept(stage: Stage, name: str) -> tuple[float | None, float | None]:
    status = stage.get(p.CERTIFICATES, name, MAIN)["status"]
    return seconds(status["notBefore"]), seconds(status["notAfter"])


def restart(stage: Stage, service: str) -> None:
    with stage.cluster.agenda.pretending(stage.time):
        stage.world.run(Step(do="restart", service=service))


def test_what_pods_read_at_their_start_is_served_until_they_are_restarted(stage: Stage) -> None:
    before = served(stage, LEDGER)
    begins, ends = times(before)
    at = stage.time
    assert (ends - at) / (ends - begins) < 0.1 and ends > at  # its end is near, and it has been renewed
    assert times(before) != kept(stage, "ledger-mtls")
    restart(stage, "ledger")
    stage.run(120)
    after = served(stage, LEDGER)
    assert times(after) == kept(stage, "ledger-mtls")
    assert after.certificate.serial_number != before.certificate.serial_number
    assert after.certificate.public_key() != before.certificate.public_key()


def test_an_entrance_reads_what_was_renewed_at_once(stage: Stage) -> None:
    before = served(stage, API)
    assert times(before) == kept(stage, "api")
    found = stage.get(p.CERTIFICATES, "api", MAIN)
    manual = p.condition("Issuing", "True", "ManuallyTriggered", "m", stage.time)
    conditions = [*found["status"]["conditions"], manual]
    with stage.cluster.agenda.pretending(stage.time):
        stage.store.update(p.CERTIFICATES, with_status(found, conditions=conditions))
    stage.run(60)
    assert times(served(stage, API)) == kept(stage, "api") != times(before)


def test_a_chain_ends_at_a_root_that_is_trusted(stage: Stage) -> None:
    roots = [root.certificate for root in addresses(stage).issues.roots()]
    for name in (LEDGER, API):
        one = served(stage, name)
        chain = [one.certificate]
        while one.by is not None:
            one.certificate.verify_directly_issued_by(one.by.certificate)
            one = one.by
            chain.append(one.certificate)
        assert chain[-1] in roots, name
        when = datetime.fromtimestamp(START, UTC)
        assert all(c.not_valid_before_utc < when < c.not_valid_after_utc for c in chain), name
    assert served(stage, LEDGER).pem.count(b"BEGIN CERTIFICATE") == 2  # its intermediate, and no root


def test_nobody_answers_where_no_pod_of_it_runs(stage: Stage) -> None:
    with stage.cluster.agenda.pretending(stage.time):
        stage.world.run(Step(do="scale", service="ledger", replicas=0))
    stage.run(120)
    # pods that are gone mount nothing: its last pod's Secret is not read by an entrance
    with stage.cluster.agenda.pretending(stage.time):
        assert addresses(stage).served(LEDGER) is None
        assert addresses(stage).served("nobody.example") is None
        remove(stage.store, p.CERTIFICATES, stage.get(p.CERTIFICATES, "api", MAIN))
        assert addresses(stage).served(API) is None


def test_the_strange_ones(stage: Stage) -> None:
    old, own = served(stage, "legacy.terrafusion.example"), served(stage, "status.terrafusion.example")
    assert times(old)[1] < START and old.by is not None
    assert own.by is None
    names = own.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]


def test_what_cannot_be_is_refused(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "own.toml"
    address = '[[address]]\nname = "x.example"\nbegins = "-1d"\n'
    for text, told in (
        ('[[certificate]]\nname = "web"\nmounted_by = "wed"', "mounted by 'wed', which is not there"),
        (f'{address}ends = "soon"', "address x.example: 'soon' is no duration"),
        (
            f'{address}ends = "1d"\nissuer = "nobody"',
            "address x.example: issuer 'nobody', which is not there",
        ),
    ):
        path.write_text(text)
        with pytest.raises(ScenarioError, match=told):
            load(str(path))

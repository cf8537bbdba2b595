"""What judging many certificates costs: those that cert-manager keeps, the addresses that serve them, the Secrets that hold them, what exporters
tell of them; and all of them as leaves of an authority of which the rotation is under way.

python -m benchmarks.certificates [--count 2000]
"""

from __future__ import annotations

import argparse
import time

from tests.unit.playbook.certificates import rotated
from tests.unit.playbook.certificates.kept import DAY, certificate, issuer
from tests.unit.playbook.certificates.looked_at import facts, served
from tests.unit.playbook.making import NOW
from tfdash.judging.judge import judge_all
from tfdash.model.cert_manager import CertificateRequest
from tfdash.model.certificates import HeldCertificate, Role, ToldCertificate, ToldOne
from tfdash.model.kube import Object

ROUNDS = 5


def kept(count: int) -> list[Object]:
    names = (f"n{n}.example.com" for n in range(count))
    return [
        issuer(),
        *(
            certificate(name=f"c{n}", uid=f"u{n}", secret=f"s{n}", names=(name,))
            for n, name in enumerate(names)
        ),
    ]


def addresses(count: int) -> list[Object]:
    names = (f"n{n}.example.com" for n in range(count))
    return [
        served(facts(names=(name,), subject=f"CN={name}"), name=f"{name}:443", asked=name) for name in names
    ]


def authority(count: int) -> list[Object]:
    """In the middle of its rotation: of its leaves every other one is re-issued, with the requests of all."""
    leaves = (rotated.leaf(f"c{n}", "OLD" if n % 2 else "NEW") for n in range(count))
    trusts = [rotated.trusts(f"roots{n}", rotated.OLD, rotated.NEW) for n in range(20)]
    return [*rotated.root(), rotated.signer(), *(one for two in leaves for one in two), *trusts]


def held(count: int) -> list[Object]:
    """In the Secrets of ``authority``."""
    found: list[Object] = []
    for n in range(count):
        [_, request] = rotated.leaf(f"c{n}", "OLD" if n % 2 else "NEW")
        assert isinstance(request, CertificateRequest) and request.issued is not None
        name = f"c{n}-tls"
        one = HeldCertificate(
            namespace="a",
            name=f"Secret/{name}",
            of="Secret",
            called=name,
            role=Role.SHOWN,
            bundle=(request.issued,),
        )
        found.append(one)
    return found


def told(count: int) -> list[Object]:
    """Of the same Secrets, by x509-certificate-exporter."""
    one = ToldOne(not_after=NOW + 60 * DAY, not_before=NOW - 30 * DAY, subject="CN=shop", issuer="CN=R10")
    return [
        ToldCertificate(
            namespace="a",
            name=f"Secret/c{n}-tls",
            by="x509-certificate-exporter",
            of="Secret",
            called=f"c{n}-tls",
            bundle=(one,),
            at=NOW - 30,
            since=NOW - 600,
            current_until=NOW + 870,
        )
        for n in range(count)
    ]


def everywhere(count: int) -> list[Object]:
    """Four rows of the inventory for each: kept, in its Secret, served, told."""
    return [*authority(count), *held(count), *addresses(count), *told(count)]


def best(objects: list[Object]) -> float:
    """Milliseconds of CPU for judging all of them afresh, of the best round."""
    seen, times = rotated.seen(objects), []
    for _ in range(ROUNDS):
        begin = time.process_time()
        judge_all(seen, NOW)
        times.append((time.process_time() - begin) * 1000)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    count = parser.parse_args().count
    print(f"{count} certificates judged afresh, milliseconds of CPU")
    rows = {
        "kept by cert-manager": kept(count),
        "served by an address": addresses(count),
        "kept, and each served": [*kept(count), *addresses(count)],
        "leaves of a rotation": authority(count),
        "and each in its Secret": [*authority(count), *held(count)],
        "told by an exporter": told(count),
        "a quarter in each place": everywhere(count // 4),
        "all in each place": everywhere(count),
    }
    for name, objects in rows.items():
        print(f"  {name:<24}{best(objects):>8.1f}")


if __name__ == "__main__":
    main()

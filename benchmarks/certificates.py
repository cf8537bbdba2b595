"""What judging many certificates costs: those that cert-manager keeps, and the addresses that serve them.

python -m benchmarks.certificates [--count 2000]
"""

from __future__ import annotations

import argparse
import time

from tests.unit.playbook.certificates.kept import certificate, issuer
from tests.unit.playbook.certificates.looked_at import facts, served
from tests.unit.playbook.making import NOW, picture
from tfdash.judging.judge import judge_all
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


def best(objects: list[Object]) -> float:
    """Milliseconds of CPU for judging all of them afresh, of the best round."""
    seen, times = picture(*objects), []
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
    }
    for name, objects in rows.items():
        print(f"  {name:<22}{best(objects):>8.1f}")


if __name__ == "__main__":
    main()

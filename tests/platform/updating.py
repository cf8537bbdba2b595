"""What a company's own commands would do to nodes, for a node of KWOK: ``updating.py KUBECTL... -- update|add|remove NODE [VERSION]``.

A kubelet says its version in the status of its node; who makes nodes makes one with its kubelet, and takes one away.
"""

from __future__ import annotations

import json
import subprocess
import sys

_ADDRESS = "--validate=false"


def main() -> None:
    at = sys.argv.index("--")
    kubectl, (word, node, *version) = sys.argv[1:at], sys.argv[at + 1 :]

    def call(*words: str, given: str = "") -> None:
        subprocess.run([*kubectl, *words], input=given, text=True, check=True)

    match word:
        case "update":
            status = {"status": {"nodeInfo": {"kubeletVersion": f"v{version[0]}.0"}}}
            call("patch", "node", node, "--subresource=status", "--type=merge", "-p", json.dumps(status))
        case "add":
            labels = {"type": "kwok", "kubernetes.io/hostname": f"{node}-new"}
            made = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"{node}-new", "labels": labels}}
            amount = {"cpu": "64", "memory": "256Gi", "pods": "500"}
            status = {
                "capacity": amount,
                "allocatable": amount,
                "nodeInfo": {"kubeletVersion": f"v{version[0]}.0"},
            }
            call("create", "-f", "-", _ADDRESS, given=json.dumps({**made, "status": status}))
        case "remove":
            call("delete", "node", node, "--wait=true")
        case other:
            raise SystemExit(f"no {other}")


if __name__ == "__main__":
    main()

"""``tfdash demo``: the program on a simulated platform, a process of its own on loopback."""

from __future__ import annotations

import argparse

from tfdash.cli.output import deliver, narrate, on_terminal
from tfdash.cli.parser import OK


def command(args: argparse.Namespace) -> int:
    from tfdash.demo.process import DemoOptions, start_process

    options = DemoOptions(scenario=args.scenario or "busy", seed=args.seed, speed=args.speed)
    with start_process(options) as demo:
        if args.serve:
            code = deliver(f"export KUBECONFIG={demo.kubeconfig}\ntfdash --config {demo.config}", OK)
            if code == OK:
                narrate("the simulated platform serves until you press ctrl+c")
                demo.wait()
            return code
        shared = {
            "config": str(demo.config),
            "environment": args.environment,
            "kubeconfig": "",
            "context": "",
            "namespace": "",
            "all_namespaces": False,
            "debug": False,
            "screen": args.screen,
        }
        if on_terminal():
            from tfdash.cli.running import run

            return run(argparse.Namespace(**shared, theme=args.theme, read_only=args.read_only, act=False))
        from tfdash.cli.snapshot import command as snapshot

        narrate("this is no terminal: a text snapshot of the demo follows")
        return snapshot(argparse.Namespace(**shared, format="text", wait=20.0, width=0), judged=False)

"""``tfdash demo``: the program on a simulated platform, a process of its own on loopback."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfdash.cli.output import cannot_draw, deliver, narrate, on_terminal
from tfdash.cli.parser import ERROR, OK, USAGE, parse, program
from tfdash.text import safe


def command(args: argparse.Namespace) -> int:
    from tfdash.demo.process import DemoFailed

    try:
        return _demo(args)
    except DemoFailed as failed:
        narrate(f"{program()}: {safe(str(failed))}")
        return ERROR


def _demo(args: argparse.Namespace) -> int:
    from tfdash.cli.demo_colleague import colleague
    from tfdash.cli.demo_past import leave_past
    from tfdash.demo.process import DemoOptions, start_process

    if args.where:
        return _where()
    options = DemoOptions(scenario=args.scenario, seed=args.seed, speed=args.speed)
    if problems := options.problems():
        narrate(*(f"{program()} demo: {problem}" for problem in problems))
        return USAGE
    narrate(f"{program()}: starting the simulated platform (some seconds; on a busy machine more) ...")
    with start_process(options) as demo, colleague(demo.config, options.scenario):
        leave_past(demo.config, options.scenario)
        if args.serve:
            code = deliver(_told(demo.config), OK)
            if code == OK:
                narrate(
                    f"its switches (docs/demo.md): {demo.control_url}, token {demo.token_file}, CA {demo.ca}",
                    "the simulated platform serves until you press ctrl+c",
                )
                demo.wait()
            return code
        words = ["--config", str(demo.config), "--screen", args.screen]
        words += ["--environment", args.environment] if args.environment else []
        why = cannot_draw() if on_terminal() else "this is no terminal"
        if not why:
            from tfdash.cli.running import run

            narrate(
                f"from another shell: {program()} demo --where prints its configuration, and the line by which a second person joins"
            )
            words += ["--theme", args.theme] if args.theme else []
            return run(parse(["run", *words, *(["--read-only"] if args.read_only else [])]))
        from tfdash.cli.snapshot import command as snapshot

        narrate(f"{why}: a text snapshot of the demo follows")
        return snapshot(parse(["snapshot", *words]), judged=False)


def _told(config: Path) -> str:
    """What another shell takes of it; the last line is the terminal of a second person, for what needs one."""
    from tfdash.demo.options import SECOND

    own = f"tfdash --config {config}"
    return "\n".join(
        (
            f"export KUBECONFIG={config.with_name('kubeconfig')}",
            own,
            f"{own} --kubeconfig {config.with_name(SECOND)}  # a second person on call, who approves",
        )
    )


def _where() -> int:
    """Those of this user that answer, the newest first."""
    from tfdash.demo.process import running

    found = running()
    if not found:
        narrate(f"{program()}: no demo of yours is running; start one with: {program()} demo")
        return ERROR
    return deliver("\n".join(map(_told, found)), OK)

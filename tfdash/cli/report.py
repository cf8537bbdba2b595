"""``tfdash report release | daily | weekly | audit``: what was, out of the store, and once what is now. Writes nothing but the report and,
where it has a file, a note of when it was."""

from __future__ import annotations

import argparse

from tfdash.cli.output import narrate
from tfdash.cli.parser import OK, USAGE, program
from tfdash.cli.report_options import SUFFIXES
from tfdash.text import safe


def command(args: argparse.Namespace) -> int:
    from tfdash.cli.report_facts import ReportRefused
    from tfdash.report.templates import TemplateFault

    try:
        return _report(args)
    except ReportRefused as error:
        narrate(f"{program()}: {safe(str(error))}")
        return error.code
    except TemplateFault as error:
        narrate(f"{program()}: {error}")
        return USAGE


def _report(args: argparse.Namespace) -> int:
    from tfdash.cli.compose import clock_of
    from tfdash.cli.output import deliver_to
    from tfdash.cli.report_facts import gathered, leave_note
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.report.document import written
    from tfdash.report.reports.contents import REPORTS
    from tfdash.report.reports.document import code_of, document, for_templates, parts_of
    from tfdash.report.reports.made import ReportData
    from tfdash.report.templates import Templates

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    templates, template = Templates(settings.reports.templates), ""
    if args.format in SUFFIXES:
        suffix = SUFFIXES[args.format]
        template = templates.chosen(f"{args.what}.{suffix}", f"report.{suffix}")
    facts = gathered(args, config, settings, clock_of(config))
    made = ReportData(facts)
    parts = parts_of(made)
    if template:
        text = templates.render(template, for_templates(made, parts))
        text = _sealed(text, template) if args.format == "html" else text
    else:
        text = written(document(made, parts))
    code, delivered = code_of(made), deliver_to(args.output, text, OK)
    for one in made.not_known:
        narrate(f"{program()}: {one}")
    if args.output and delivered == OK and REPORTS[args.what].follows:
        leave_note(facts, document(made, ()), config, settings)
    return code or delivered


def _sealed(page: str, template: str) -> str:
    from tfdash.report.sealed import sealed
    from tfdash.report.templates import TemplateFault

    try:
        return sealed(page)
    except ValueError as error:
        raise TemplateFault(f"{template}: {error}") from None

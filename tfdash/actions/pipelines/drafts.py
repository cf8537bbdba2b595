"""An action that the configuration hands to a pipeline: the same gate and the same target, another executor."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

import msgspec

from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.policy import Pipeline
from tfdash.actions.kubernetes.postconditions import WRITTEN
from tfdash.actions.pipelines.postconditions import reached
from tfdash.model.action import Request
from tfdash.playbook.releases.facts import canonical

_NAME = re.compile(r"\{([a-z_]+)\}")


def filled(text: str, names: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """``{name}`` replaced where it is known; the braces of JSON are left alone."""
    return _NAME.sub(lambda found: escape(names[found[1]]) if found[1] in names else found[0], text)


def in_url(value: str) -> str:
    return quote(value, safe="")


def in_json(value: str) -> str:
    """Inside a JSON string."""
    return canonical(value)[1:-1]


def by_pipeline(context: PlanContext, action: str, draft: Draft, pipeline: Pipeline) -> Draft:
    """The draft with the pipeline's call in place of its own requests. What the texts name is put in now, so that exactly
    that is confirmed; ``{intent}`` when the intent is recorded, so that the run can be found by it."""
    subject = draft.subject
    names = {
        "revision": "",
        "image": "",
        **dict(draft.names),
        "namespace": subject.namespace,
        "name": context.at.name,
        "kind": context.at.kind,
        "environment": subject.cluster.environment,
        "cluster": subject.cluster.cluster,
        "action": action,
    }
    if pipeline.command:
        argv = tuple(filled(part, names) for part in pipeline.command)
        request = Request(
            method="", path="", argv=argv, what=f"run {argv[0]}", subject=subject, dry_run=False
        )
        how = f"runs {' '.join(argv)}"
    else:
        url = filled(pipeline.url, names, in_url)
        request = Request(
            method=pipeline.method,
            path=url,
            body=filled(pipeline.body, names, in_json),
            what=f"call {url}",
            subject=subject,
            dry_run=False,
        )
        how = f"calls {pipeline.method} {url}"
    # what it is to bring about is what the action itself would have written: a script that does nothing is not verified
    note = "the pipeline decides what exactly is done; it is followed to its end"
    return msgspec.structs.replace(
        draft,
        requests=(request,),
        effect=f"{draft.effect}; by pipeline: {how}",
        notes=(note, *draft.notes),
        posts=tuple(
            reached(draft, context.policy.follow, p.text) if p.id == WRITTEN.id else p for p in draft.posts
        ),
    )

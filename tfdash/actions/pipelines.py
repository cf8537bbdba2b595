"""An action that the configuration hands to a pipeline: the same gate, another executor."""

from __future__ import annotations

from tfdash.actions.patches import UID
from tfdash.actions.planning import Planning
from tfdash.actions.policy import Pipeline
from tfdash.actions.sealing import Draft
from tfdash.model.action import Request
from tfdash.playbook.releases.facts import facts_of


async def by_pipeline(planning: Planning, title: str, pipeline: Pipeline) -> Draft:
    """What the pipeline is started with; ``{intent}`` is put in when the intent is recorded, so that its run can be found."""
    document = await planning.document(planning.at)
    subject = planning.found(document)
    pointers = [UID, "/spec/template"] if "template" in document.get("spec", {}) else [UID]
    if pipeline.command:
        request = Request(
            method="", path="", argv=pipeline.command, what=f"run {pipeline.command[0]}", subject=subject, dry_run=False
        )  # fmt: skip
        how = f"runs {' '.join(pipeline.command)}"
    else:
        request = Request(
            method=pipeline.method, path=pipeline.url, body=pipeline.body, what=f"call {pipeline.url}", subject=subject,
            dry_run=False,
        )  # fmt: skip
        how = f"calls {pipeline.method} {pipeline.url}"
    return Draft(
        subject=subject, effect=f"{title} of {subject.kind} {subject.name} by pipeline: {how}", requests=(request,),
        facts=facts_of(document, pointers),
        notes=("the pipeline decides what exactly is done; it is followed to its end",),
    )  # fmt: skip

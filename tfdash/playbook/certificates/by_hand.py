"""What a person does for a step of a rotation, in words that can be followed, and what proves it done."""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps as quoted

from tfdash.model.certificates import ALSO
from tfdash.model.rotation import Rotation, RotationStepState, Stage
from tfdash.playbook.certificates.generations import name_of

_READERS = (
    "before that restart whoever reads anchors when it starts (proxies of Linkerd, programs that mount a bundle) and runs since before the new one "
    "was in it: what a running program trusts is not seen here"
)
_MESH = (
    "what a mesh issues to its pods by itself is not seen here: wait for as long as that lives (24h by default) since its issuer was re-issued, or "
    "restart its pods"
)


def by_hand(stage: Stage, rotation: Rotation) -> Iterator[str]:
    """Sentences; none of a step that ends by itself or that names what to do."""
    newest, step = rotation.newest, next(s for s in rotation.steps if s.stage is stage)
    secret = f"kubectl get secret {newest.secret} -n {newest.namespace} -o jsonpath='{{.data.tls\\.crt}}' | base64 -d"
    if stage is Stage.ANCHORED and step.proof.left:
        yield f"the new one: {secret}"
        yield from (f"{where}: {_change(where)}" for where in step.proof.left)
        yield "add it beside the old one and take nothing away; done when each is read to hold both"
    elif stage is Stage.ANCHORED and step.state is RotationStepState.UNKNOWN:
        for where in rotation.odd:
            yield f"{where}: {_change(where)}, so that it is PEM; or, where it trusts none of ours, trusts_none = [{quoted(where.partition(ALSO)[0])}] under [policy.certificates]"
        yield "name what cannot be read under config_maps of [certificates], or grant the right to read it; a Bundle is known by one of its ConfigMaps"
    elif stage is Stage.SIGNS and step.proof.left:
        yield _READERS
        for who in step.proof.left:
            kind, _, name = who.partition(" ")
            where = f" -n {newest.namespace}" if kind == "Issuer" else ""
            patch = f'{{"spec":{{"ca":{{"secretName":"{newest.secret}"}}}}}}'
            yield f"kubectl patch {kind.lower()} {name}{where} --type=merge -p '{patch}'"
        yield "done when the issuer names that Secret and is Ready"
        for before in rotation.before:
            yield (
                f"if {name_of(before)} is another authority, and not the one before it: separate = [{quoted(name_of(before))}] under "
                "[policy.certificates]"
            )
    elif stage is Stage.REISSUED and step.proof.left:
        yield _READERS
        yield f"certificate: renew all of this authority, on {name_of(newest)}; each is done when its next revision is Ready"
    elif stage is Stage.SERVED and step.proof.left:
        yield "restart what is named (workload: restart); done when its pods began after the renewal, or its address was seen to serve the new one"
    elif stage is Stage.REMOVED and step.proof.left:
        yield from (f"{where}: {_change(where)}" for where in step.proof.left)
        yield _MESH
        yield "take the old one out and leave the new one; done when each is read without it"


def _change(where: str) -> str:
    kind, _, name = where.partition(" ")
    parts = name.split("/")
    if kind == "ConfigMap" and len(parts) >= 2:
        key = f" (key {parts[2]})" if len(parts) > 2 else ""
        return f"kubectl edit configmap {parts[1]} -n {parts[0]}{key}"
    if kind == "Bundle":
        return f"kubectl edit bundle {name} (spec.sources), or what it takes its anchors from"
    return f"kubectl edit {kind.lower()} {name} (caBundle)"

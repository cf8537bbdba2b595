"""An authority of which the rotation is told: what is issued by which key, and who trusts which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tests.unit.playbook.certificates.kept import DAY, certificate, issuer, request
from tests.unit.playbook.certificates.looked_at import facts
from tests.unit.playbook.making import NOW, condition, picture
from tfdash.model.cert_manager import Certificate, CertificateRequest, Issuer, IssuerRef
from tfdash.model.certificates import CertificateFacts, HeldCertificate, Role, ServedCertificate
from tfdash.model.kube import Object, Owner, Pod, ReplicaSet
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture
from tfdash.model.rotation import Rotation
from tfdash.playbook.certificates.policy import CertificatesPolicy, default_certificates_policy
from tfdash.playbook.certificates.rotation import rotation_of
from tfdash.playbook.seen import ClusterLook

POLICY = default_certificates_policy()
BEGAN = NOW - 10 * DAY  # of the new root
ROOT = "CN=root"


def root_facts(key: str = "NEW", began: float = BEGAN, **over: Any) -> CertificateFacts:
    return facts(
        **{
            "subject": ROOT,
            "issuer": ROOT,
            "not_before": began,
            "not_after": began + 400 * DAY,
            "names": (),
            "is_ca": True,
            "self_signed": True,
            "subject_key": key,
            "authority_key": key,
            "fingerprint": f"ROOT {key}",
            **over,
        }
    )


OLD, NEW = root_facts("OLD", NOW - 300 * DAY), root_facts()


def issue_of(one: Certificate, found: CertificateFacts | None) -> CertificateRequest:
    """The request of its revision that now is."""
    done = condition("Ready", "True", "Issued", "", one.not_before or 0.0)
    name = f"{one.name}-{one.revision}"
    return request(
        done,
        namespace=one.namespace,
        name=name,
        uid=f"r {one.namespace}/{name}",
        owner=Owner("Certificate", one.name, one.uid),
        revision=one.revision,
        created=one.not_before or 0.0,
        issued=found,
    )


def root(name: str = "root", found: CertificateFacts | None = NEW, **over: Any) -> list[Object]:
    """It and its request; as dated as ``found``."""
    began = BEGAN if found is None else found.not_before
    one = certificate(
        **{
            "name": name,
            "uid": name,
            "names": ("root",),
            "secret": name,
            "issuer": IssuerRef("self"),
            "is_ca": True,
            "rotation": "Always",
            "not_before": began,
            "not_after": began + 400 * DAY,
            "renewal": began + 300 * DAY,
            "revision": 2,
            **over,
        }
    )
    return [one, issue_of(one, found)]


def leaf(
    name: str, key: str = "NEW", began: float | None = None, by: str = "ca", **over: Any
) -> list[Object]:
    """It and its request: signed by that key of the root, after the new root began or before; key "?": its request is not kept."""
    began = (BEGAN if key != "OLD" else NOW - 40 * DAY) + DAY if began is None else began
    signer = {"issuer": ROOT, "authority_key": key}
    found = facts(not_before=began, not_after=began + 90 * DAY, fingerprint=f"LEAF {name}", **signer)
    one = certificate(
        **{
            "name": name,
            "uid": name,
            "secret": f"{name}-tls",
            "names": (f"{name}.example.com",),
            "issuer": IssuerRef(by),
            "not_before": began,
            "not_after": began + 90 * DAY,
            "renewal": began + 60 * DAY,
            "revision": 2,
            **over,
        }
    )
    return [one, issue_of(one, None if key == "?" else found)]


def signer(name: str = "ca", secret: str = "root", namespace: str = "a") -> Issuer:
    return issuer(name=name, by="ca", secret=secret, namespace=namespace)


def trusts(name: str, *bundle: CertificateFacts, **over: Any) -> HeldCertificate:
    """A named ConfigMap."""
    given: dict[str, Any] = {
        "namespace": "mesh",
        "name": f"ConfigMap/{name}/ca.pem",
        "of": "ConfigMap",
        "called": name,
        "role": Role.ANCHORS,
        "bundle": bundle,
    }
    return HeldCertificate(**(given | over))


_READ = (ServedCertificate, HeldCertificate, Pod, ReplicaSet, CertificateRequest, Issuer)
"""Of these none is otherwise than read: there are none."""


def seen(objects: Sequence[Object], unread: Sequence[str] = ()) -> Picture:
    """``objects``, all kinds read but those of ``unread``."""
    found = picture(*objects)
    [(ref, cluster)] = found.clusters.items()
    kinds = dict(cluster.kinds)
    for kind in _READ:
        kinds.setdefault(kind.KIND, Observation(value={}, complete=True))
    for name in unread:
        kinds.pop(name, None)
    return msgspec.structs.replace(found, clusters={ref: msgspec.structs.replace(cluster, kinds=kinds)})


def told(
    *objects: Object | list[Object],
    unread: Sequence[str] = (),
    of: str = "root",
    policy: CertificatesPolicy = POLICY,
) -> Rotation:
    flat = [o for one in objects for o in (one if isinstance(one, list) else [one])]
    return of_picture(seen(flat, unread), of, policy)


def of_picture(found: Picture, of: str = "root", policy: CertificatesPolicy = POLICY) -> Rotation:
    [cluster] = found.clusters.values()
    [one] = [c for c in cluster.objects("Certificate").values() if c.name == of]
    assert isinstance(one, Certificate)
    rotation = rotation_of(ClusterLook(cluster), one, policy, lambda at: at <= NOW)
    assert rotation is not None
    return rotation

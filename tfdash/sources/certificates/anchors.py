"""The ConfigMaps and Secrets in which the authorities of clusters and meshes lie, by the names that their makers give them. A further one is a
line here, or ``config_maps`` in the settings."""

from __future__ import annotations

from typing import NamedTuple


class WellKnown(NamedTuple):
    """``home``: the namespace in which it is looked for where those of all may not be listed, and by which many that are alike are called."""

    name: str
    home: str


MAPS = (
    # what pods trust as the API server: kubernetes, pkg/controller/certificates/rootcacertpublisher; one a namespace
    WellKnown("kube-root-ca.crt", "kube-system"),
    # whom extension servers trust as clients: kubernetes, pkg/controlplane/controller/clusterauthenticationtrust
    WellKnown("extension-apiserver-authentication", "kube-system"),
    # istio, pilot/pkg/serviceregistry/kube/controller/namespacecontroller.go (CACertNamespaceConfigMap); one a namespace
    WellKnown("istio-ca-root-cert", "istio-system"),
    # linkerd2, charts/linkerd-control-plane/templates/identity.yaml
    WellKnown("linkerd-identity-trust-roots", "linkerd"),
)
SECRETS = (
    # plugged in by people: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
    WellKnown("cacerts", "istio-system"),
    # istiod's own, where nothing is plugged in: istio, security/pkg/pki/ca
    WellKnown("istio-ca-secret", "istio-system"),
    # of Helm, in keys of its own; that of cert-manager is a TLS Secret: linkerd2, charts/linkerd-control-plane/templates/identity.yaml
    WellKnown("linkerd-identity-issuer", "linkerd"),
)

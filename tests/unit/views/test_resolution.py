"""Words resolve to kinds as kubectl resolves them; ``tests/protocol/test_kinds.py`` asks kubectl itself."""

from __future__ import annotations

import pytest

from tfdash.model.resources import ApiResource, Catalogue, known_kind
from tfdash.views.resolution import nearest, others, resolve

READ = ("get", "list", "watch")


def made(group: str, version: str, name: str, kind: str, singular: str = "", *short: str) -> ApiResource:
    return ApiResource(group, version, name, kind, singular, short, True, READ)


CATALOGUE = Catalogue(
    (
        made("", "v1", "services", "Service", "service", "svc"),
        made("", "v1", "configmaps", "ConfigMap", "configmap", "cm"),
        made("", "v1", "endpoints", "Endpoints", "endpoints", "ep"),
        made("", "v1", "events", "Event", "event", "ev"),
        made("apps", "v1", "deployments", "Deployment", "deployment", "deploy"),
        made("events.k8s.io", "v1", "events", "Event", "event", "ev"),
        made("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "", "hpa"),
        made("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "", "hpa"),
        made("storage.k8s.io", "v1", "storageclasses", "StorageClass", "storageclass", "sc"),
        made("cert-manager.io", "v1", "certificates", "Certificate", "", "cert", "certs"),
        made("networking.internal.knative.dev", "v1alpha1", "certificates", "Certificate", "", "kcert"),
        made("serving.knative.dev", "v1", "services", "Service", "service", "kservice", "ksvc"),
        made("greedy.io", "v1", "cm", "Grabber", "grabber", "services", "deploy"),
        made("old.io", "v1", "widgets", "Widget", "", "w"),
        made("old.io", "v1alpha1", "widgets", "Widget", "", "w"),
        made("old.io", "v1alpha1", "gadgets", "Gadget"),  # only in a version that is not preferred
    )
)
CERTS, KNATIVE = "certificates.cert-manager.io", "services.serving.knative.dev"


@pytest.mark.parametrize(
    ("word", "id"),
    [
        ("svc", "services"),
        ("services", "services"),
        ("service", "services"),
        ("Service", "services"),
        ("SERVICES", "services"),
        ("ksvc", KNATIVE),
        ("services.serving.knative.dev", KNATIVE),
        ("service.serving.knative.dev", KNATIVE),
        ("services.v1.serving.knative.dev", KNATIVE),
        ("Service.serving.knative.dev", KNATIVE),
        ("Service.v1.serving.knative.dev", KNATIVE),
        ("services.serving", KNATIVE),  # a group may be written by its beginning
        ("ksvc.serving.knative.dev", KNATIVE),
        ("services.v1.", "services"),
        ("services.v1", None),
        ("services.v2.serving.knative.dev", None),
        ("cert", CERTS),
        ("certificate", CERTS),  # the singular is the Kind in lower case where none is given
        ("certificates", CERTS),  # of two groups the first
        ("certificates.networking.internal.knative.dev", "certificates.networking.internal.knative.dev"),
        ("certificates.networking", "certificates.networking.internal.knative.dev"),
        ("cm", "cm.greedy.io"),  # a full name goes before a short name
        ("configmap", "configmaps"),
        ("deploy", "deployments.apps"),  # of two short names the first
        ("ep", "endpoints"),
        ("ev", "events"),
        ("events.events.k8s.io", "events.events.k8s.io"),
        ("hpa", "horizontalpodautoscalers.autoscaling"),
        ("horizontalpodautoscaler.v1.autoscaling", "horizontalpodautoscalers.v1.autoscaling"),
        ("hpa.v1.autoscaling", "horizontalpodautoscalers.autoscaling"),
        ("storageclass.storage", "storageclasses.storage.k8s.io"),
        ("widgets.v1alpha1.old.io", "widgets.v1alpha1.old.io"),
        ("gadgets", "gadgets.old.io"),
        ("Gadget", "gadgets.old.io"),
        ("nothing", None),
        ("services.nothing.io", None),
        ("", None),
        (".", None),
        ("..", None),
    ],
)
def test_a_word_means_what_kubectl_means_by_it(word: str, id: str | None) -> None:
    found = resolve(CATALOGUE, word)
    assert (None if found is None else CATALOGUE.ids[found]) == id


@pytest.mark.parametrize("id", CATALOGUE.by_id)
def test_every_id_means_itself(id: str) -> None:
    if id == "cm.greedy.io" or "." in id:
        assert CATALOGUE.ids[resolve(CATALOGUE, id) or CATALOGUE.resources[0]] == id


def test_what_else_it_could_mean_and_what_was_nearly_said() -> None:
    services = CATALOGUE.by_id["services"]
    assert others(CATALOGUE, "services", services) == [KNATIVE, "cm.greedy.io"]
    assert others(CATALOGUE, "svc", services) == []
    assert others(CATALOGUE, "hpa", CATALOGUE.by_id["horizontalpodautoscalers.autoscaling"]) == []
    assert nearest(CATALOGUE, "certifcates")[0].startswith("certificates.")
    assert nearest(CATALOGUE, "xyzzy") == []


@pytest.mark.parametrize(
    ("id", "kind"),
    [
        ("deployments.apps", "Deployment"),
        ("services", "Service"),
        (KNATIVE, ""),
        ("events.events.k8s.io", ""),
        ("horizontalpodautoscalers.autoscaling", "HorizontalPodAutoscaler"),
        ("horizontalpodautoscalers.v1.autoscaling", ""),
        ("configmaps", ""),
    ],
)
def test_what_has_a_list_of_its_own_is_known(id: str, kind: str) -> None:
    assert known_kind(CATALOGUE.by_id[id], id) == kind

"""The values of a Secret leave the source as their sizes, and what shows them tells the same sizes."""

from __future__ import annotations

import base64
import re
from typing import Any

import msgspec
import pytest

from tests.unit.store.helpers import REF
from tfdash.model.kinds import KINDS
from tfdash.model.subject import Subject
from tfdash.sources.kubernetes.managed_fields import page
from tfdash.sources.kubernetes.redaction import as_asked, cleaned
from tfdash.views.describe import describe, description_lines
from tfdash.views.diff import unified
from tfdash.views.mask import masked
from tfdash.views.yaml import yaml_lines

PLANTED = "planted-value"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 11, 1234])
def test_a_secret_opened_tells_the_true_size_of_each_value(size: int) -> None:
    value = base64.b64encode(b"s" * size).decode()
    secret = cleaned({"kind": "Secret", "type": "Opaque", "metadata": {"name": "s"}, "data": {"word": value}})
    told = f"word: <hidden, {size:,} bytes>"
    for lines in (yaml_lines(secret), description_lines(describe(secret, now=0.0))):
        assert told in [line.strip() for line in lines]


def test_what_no_base64_is_tells_its_own_size() -> None:
    secret = cleaned({"kind": "Secret", "data": {"odd": "not base64!"}, "stringData": {"plain": "c2VjcmV0"}})
    assert secret["data"] == {"odd": "<hidden, 11 bytes>"}
    assert secret["stringData"] == {"plain": "<hidden, 8 bytes>"}


def _planted() -> dict[str, Any]:
    written = f'{{"stringData":{{"word":"{PLANTED}"}}}}'
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "s",
            "namespace": "a",
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": written,
                "objectset.rio.cattle.io/applied": written,
                "helm.sh/values": PLANTED,
            },
            "managedFields": [{"manager": PLANTED, "fieldsV1": {"f:data": {"f:word": {}}}}],
        },
        "type": "Opaque",
        "data": {"word": base64.b64encode(PLANTED.encode()).decode()},
        "stringData": {"word": PLANTED},
    }


@pytest.mark.parametrize("managers", [False, True], ids=["opened", "for a plan"])
def test_no_annotation_of_a_secret_tells_what_it_holds(managers: bool) -> None:
    """Whoever applied it may have left it there: kubectl, Rancher, Helm. Searched for in every way to open one."""
    secret = cleaned(_planted(), managers=managers)
    other = cleaned({**_planted(), "data": {"word": "eA=="}}, managers=managers)
    shown = [
        str(secret),
        *yaml_lines(secret),
        *description_lines(describe(secret, now=0.0)),
        *description_lines(describe(_planted(), now=0.0)),  # whatever does not come by the source
        str(masked(_planted())),
        *yaml_lines(_planted()),
        *unified(other, secret, "before", "after"),
    ]
    page_of_it = {"metadata": {}, "items": [{"metadata": {**_planted()["metadata"], "managedFields": []}}]}
    shown.append(str(page(msgspec.json.encode(page_of_it), REF, "Secret")))
    for value in (PLANTED, base64.b64encode(PLANTED.encode()).decode()):
        assert value not in "\n".join(shown)
    assert "<hidden, 13 bytes>" in "\n".join(shown)
    assert any("Annotations" in line and "not shown" in line for line in shown)


ASKED = Subject(REF, "Deployment", "a", "web")


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({"kind": "Deployment", "metadata": {"name": "web", "namespace": "a"}}, ""),
        ({"metadata": {"name": "web", "namespace": "a"}}, ""),
        (
            {"kind": "Secret", "metadata": {"name": "web", "namespace": "a"}},
            "it is Secret a/web, and not Deployment a/web",
        ),
        (
            {"kind": "Deployment", "metadata": {"name": "db", "namespace": "a"}},
            "it is Deployment a/db, and not",
        ),
        (
            {"kind": "Deployment", "metadata": {"name": "web", "namespace": "b"}},
            "it is Deployment b/web, and not",
        ),
        ({"kind": "Deployment", "metadata": {"name": "web"}}, "it is Deployment web, and not"),
        ({"kind": ["Secret"], "metadata": {"name": "web", "namespace": "a"}}, "and not Deployment a/web"),
        ({"kind": "Deployment"}, "it is no object"),
        (["Deployment"], "it is no object"),
        (None, "it is no object"),
    ],
)
def test_an_answer_about_something_else_is_none(found: Any, says: str) -> None:
    if not says:
        assert as_asked(found, ASKED, KINDS["Deployment"])["kind"] == "Deployment"
        return
    with pytest.raises(msgspec.ValidationError, match=re.escape(says)):
        as_asked(found, ASKED, KINDS["Deployment"])


def test_a_secret_answered_without_its_kind_is_hidden_as_one() -> None:
    bare = {key: value for key, value in _planted().items() if key not in ("kind", "apiVersion")}
    shown = cleaned(as_asked(bare, Subject(REF, "Secret", "a", "s"), KINDS["Secret"]), managers=True)
    assert PLANTED not in str(shown) and base64.b64encode(PLANTED.encode()).decode() not in str(shown)

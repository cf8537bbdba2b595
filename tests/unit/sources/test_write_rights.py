"""What a server's list of rules says of a login beyond reading, and how it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tfdash.cli.wall_login import ClusterLogin
from tfdash.clock import FixedClock
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.requests import Privilege, ReadFailed
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import Level
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.write_rights import WriteRight, listed, told

BASIC = {
    "verbs": ["create"],
    "apiGroups": ["authorization.k8s.io"],
    "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
}


def rule(verbs: str, groups: str = "", resources: str = "pods", *names: str) -> dict[str, Any]:
    return {
        "verbs": verbs.split(),
        "apiGroups": groups.split() or [""],
        "resources": resources.split(),
        **({"resourceNames": list(names)} if names else {}),
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([BASIC], []),
        ([rule("get list watch", "", "pods secrets pods/log"), rule("get list", "*", "deployments")], []),
        ([rule("get list patch", "", "configmaps")], ["patch configmaps"]),
        ([rule("patch", "", "configmaps", "a", "b")], ["patch configmaps (a, b)"]),
        ([rule("create", "", "pods/exec")], ["create pods/exec"]),
        ([rule("get", "", "pods/exec nodes/proxy pods/attach pods/portforward services/proxy pods/proxy")], [
            "get nodes/proxy", "get pods/attach", "get pods/exec", "get pods/portforward"]),
        ([rule("get list watch", "*", "*")], ["get *, exec and proxy among it"]),
        ([rule("get list watch", "argoproj.io", "*")], []),
        ([rule("impersonate", "", "users")], ["impersonate users"]),
        ([rule("* get", "* apps", "* pods")], ["do anything"]),
        ([rule("*", "apps", "*")], ["do anything to *.apps"]),
        ([rule("delete", "authorization.k8s.io", "selfsubjectaccessreviews")], [
            "delete selfsubjectaccessreviews.authorization.k8s.io"]),
        ([rule("create", "odd.example.com", "selfsubjectreviews")], ["create selfsubjectreviews.odd.example.com"]),
        ([rule("escalate bind", "rbac.authorization.k8s.io", "roles")], [
            "bind roles.rbac.authorization.k8s.io", "escalate roles.rbac.authorization.k8s.io"]),
    ],
)  # fmt: skip
def test_any_verb_but_those_that_read_is_a_right_to_write(
    given: list[Mapping[str, Any]], said: list[str]
) -> None:
    found, whole = listed({"resourceRules": given, "nonResourceRules": [], "incomplete": False})
    assert list(told({"a": found, "b": found})) == said
    assert whole


def test_paths_and_what_is_not_whole() -> None:
    paths = [
        {"verbs": ["get", "head"], "nonResourceURLs": ["*"]},
        {"verbs": ["post"], "nonResourceURLs": ["/x"]},
    ]
    found, whole = listed({"resourceRules": None, "nonResourceRules": paths, "incomplete": True})
    assert told({"a": found}) == ("post /x in a",)
    assert not whole
    assert listed({}) == (frozenset(), True)


def test_the_gravest_stands_first_and_what_holds_everywhere_has_no_place() -> None:
    everywhere, here = WriteRight("twist", "things"), WriteRight("patch", "deployments.apps")
    of = {"a": [everywhere], "b": [everywhere, here], "c": [everywhere, WriteRight("*", "*")]}
    assert told(of) == ("do anything in c", "patch deployments.apps in b", "twist things")
    assert told({"a": [here]}) == ("patch deployments.apps in a",)


class Server:
    """Of the reads of a cluster those that tell rights; ``fails`` is how it does not."""

    def __init__(self) -> None:
        self.ref, self.namespaces = ClusterRef("production", "eu-1"), ("known",)
        self.log_in("one")
        self.of: dict[str, frozenset[WriteRight]] = {}
        self.whole, self.granted = True, False
        self.fails: ProblemKind | None = None
        self.in_part = ""  # a namespace of which not all rules are listed
        self.silent = False  # to single questions
        self.asked: list[str] = []

    def log_in(self, token: str) -> None:
        self.credentials = Credentials(Access("https://127.0.0.1:1", token=token))

    @property
    def singly(self) -> Server:
        return self

    async def rules(self, namespace: str) -> tuple[frozenset[WriteRight], bool]:
        self.asked.append(namespace)
        if self.fails is not None:
            raise ReadFailed(Problem(kind=self.fails, cause="no", since=0.0))
        return self.of.get(namespace, frozenset()), self.whole and namespace != self.in_part

    async def writes(self) -> tuple[Privilege, ...]:
        self.asked.append("*")
        if self.fails is ProblemKind.UNREACHABLE or self.silent:
            return (Privilege(verb="patch", resource="deployments.apps"),)
        return (Privilege(verb="patch", resource="deployments.apps", allowed=True),) if self.granted else ()


def looks() -> tuple[Server, Any]:
    server: Any = Server()
    login = ClusterLogin("PRODUCTION", server, FixedClock(1_795_443_300.0))

    def look(*namespaces: str) -> list[str]:
        server.asked.clear()
        asyncio.run(login.look(namespaces))
        assert all(one.level in (Level.WARN, Level.UNKNOWN) for one in login.told)
        return [one.text for one in login.told]

    return server, look


def test_each_namespace_is_asked_about_once_and_a_new_one_when_it_comes() -> None:
    server, look = looks()
    server.of["late"] = frozenset({WriteRight("patch", "configmaps")})
    assert look("shop") == []
    assert server.asked == ["default", "known", "kube-system", "shop", "*"]
    assert look("shop") == []
    assert server.asked == []
    assert look("shop", "late") == ["PRODUCTION eu-1: login can write (patch configmaps in late)"]
    assert server.asked == ["late"]
    assert look("shop") == []  # the namespace went, and the right with it
    server.log_in("another")
    look("shop")
    assert len(server.asked) == 5  # another login has other rights


def test_all_is_asked_for_anew_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A right may be given to a login that stays the same."""
    server, look = looks()
    look()
    monkeypatch.setattr("tfdash.cli.wall_login._EVERY", 0.0)
    server.of["known"] = frozenset({WriteRight("patch", "configmaps")})
    assert look() == ["PRODUCTION eu-1: login can write (patch configmaps in known)"]


def test_one_namespace_that_is_not_listed_whole_leaves_it_open() -> None:
    server, look = looks()
    server.in_part = "default"
    could = ["PRODUCTION eu-1: login could write: the server does not list all that this login may do"]
    assert look() == could
    server.silent = True  # what it does not answer is no right
    assert look("shop") == could


def test_a_server_that_does_not_list_all_is_asked_for_those_that_matter_most() -> None:
    server, look = looks()
    server.whole, server.granted = False, True
    assert look() == ["PRODUCTION eu-1: login can write (patch deployments.apps)"]
    server, look = looks()
    server.whole = False
    assert look() == [
        "PRODUCTION eu-1: login could write: the server does not list all that this login may do"
    ]
    server, look = looks()
    server.fails = ProblemKind.FORBIDDEN
    could = ["PRODUCTION eu-1: login could write: the server does not list all that this login may do"]
    assert look("shop") == could and server.asked == ["default", "*"]
    assert look("shop") == could and server.asked == [], "nobody asks again what is refused to each namespace"
    assert look("shop", "late") == could and server.asked == ["late", "*"]


def test_what_was_granted_to_another_login_is_not_told_of_this_one() -> None:
    server, look = looks()
    server.whole, server.granted = False, True
    assert look() == ["PRODUCTION eu-1: login can write (patch deployments.apps)"]
    server.log_in("another")
    server.granted, server.of["known"] = False, frozenset({WriteRight("delete", "pods")})
    assert look() == ["PRODUCTION eu-1: login can write (delete pods in known)"]
    server.namespaces = ()  # it went, and the right with it
    assert look() == [
        "PRODUCTION eu-1: login could write: the server does not list all that this login may do"
    ]


def test_what_was_told_stays_while_the_server_is_away() -> None:
    server, look = looks()
    server.fails = ProblemKind.UNREACHABLE
    assert look() == []
    server.fails = None
    server.of = dict.fromkeys(("default", "known", "kube-system"), frozenset({WriteRight("delete", "pods")}))
    told_then = ["PRODUCTION eu-1: login can write (delete pods)"]
    assert look() == told_then
    server.log_in("another")
    server.fails = ProblemKind.UNREACHABLE
    assert look() == told_then
    server.fails, server.of = None, {}
    assert look() == []

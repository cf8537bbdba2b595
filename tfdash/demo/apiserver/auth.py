"""Who asks and what they may: bearer tokens, impersonation, and RBAC read from the cluster's own role objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tfdash.demo.apiserver.errors import ApiError, forbidden, unauthorized
from tfdash.demo.apiserver.object_store import ObjectStore
from tfdash.demo.apiserver.objects import Obj

AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
ANYBODY = ("/healthz", "/livez", "/readyz", "/version")
DISCOVERY = (*ANYBODY, "/api", "/apis", "/openapi", "/.well-known")


@dataclass(frozen=True)
class User:
    name: str
    groups: tuple[str, ...]
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def document(self) -> Obj:
        found: Obj = {"username": self.name, "groups": list(self.groups)}
        if self.uid:
            found["uid"] = self.uid
        if self.extra:
            found["extra"] = {k: list(v) for k, v in self.extra}
        return found


ANONYMOUS = User("system:anonymous", (UNAUTHENTICATED,))


@dataclass(frozen=True)
class Attributes:
    """What is asked for: a verb on a resource (``resource`` without subresource), or on a ``path``."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Tokens:
    """The identities of one run, by their tokens."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self._users = dict(users)

    def user(self, header: str | None) -> User:
        """The user of an Authorization header; the anonymous one without it. Raises 401."""
        if header is None:
            return ANONYMOUS
        scheme, _, token = header.partition(" ")
        found = self._users.get(token.strip())
        if scheme.lower() != "bearer" or found is None:
            raise unauthorized()
        return found


def _subject_is(subject: Obj, user: User, namespace: str) -> bool:
    if subject.get("kind") == "Group":
        return subject["name"] in user.groups
    if subject.get("kind") == "ServiceAccount":
        return user.name == f"system:serviceaccount:{subject.get('namespace', namespace)}:{subject['name']}"
    return bool(subject.get("name") == user.name)


def _takes(wanted: str, allowed: Iterable[str]) -> bool:
    return any(a in ("*", wanted) for a in allowed)


def rule_allows(rule: Obj, asked: Attributes) -> bool:
    if not _takes(asked.verb, rule.get("verbs", ())):
        return False
    if asked.path:
        return any(
            p in ("*", asked.path) or (p.endswith("*") and asked.path.startswith(p[:-1]))
            for p in rule.get("nonResourceURLs", ())
        )
    if not _takes(asked.group, rule.get("apiGroups", ())):
        return False
    resources = rule.get("resources", ())
    by_subresource = asked.subresource and f"*/{asked.subresource}" in resources
    if not (_takes(asked.full, resources) or by_subresource):
        return False
    names = rule.get("resourceNames")
    return not names or asked.name in names


class Authorizer:
    """RBAC over the stored Roles, ClusterRoles and their bindings; ``system:masters`` may do everything."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def rules(self, user: User, namespace: str) -> Iterator[tuple[Obj, str]]:
        """Each rule that holds for ``user`` cluster-wide and in ``namespace``, with the words for its binding."""
        group = "rbac.authorization.k8s.io"
        if "system:masters" in user.groups:
            everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            yield everything, ""
            yield {"verbs": ["*"], "nonResourceURLs": ["*"]}, ""
            return
        scopes = [("ClusterRoleBinding", f"clusterrolebindings.{group}", "")]
        if namespace:
            scopes.append(("RoleBinding", f"rolebindings.{group}", namespace))
        for kind, storage, scope in scopes:
            for binding in self._store.all(storage, scope):
                subject = next(
                    (s for s in binding.get("subjects") or () if _subject_is(s, user, namespace)), None
                )
                if subject is None:
                    continue
                ref = binding["roleRef"]
                cluster_wide = ref["kind"] == "ClusterRole"
                where = f"clusterroles.{group}" if cluster_wide else f"roles.{group}"
                role = self._store.find(where, "" if cluster_wide else scope, ref["name"])
                name = binding["metadata"]["name"]
                shown = f"{name}/{scope}" if scope else name
                words = (
                    f'RBAC: allowed by {kind} "{shown}" of {ref["kind"]} "{ref["name"]}" '
                    f'to {subject["kind"]} "{subject["name"]}"'
                )
                for rule in (role or {}).get("rules") or ():
                    yield rule, words

    def decide(self, user: User, asked: Attributes) -> tuple[bool, str]:
        """(allowed, why), in the words of the real authorizer; "" where it gives none."""
        if asked.path:
            open_to_all = any(asked.path == p or asked.path.startswith(p + "/") for p in ANYBODY)
            known = AUTHENTICATED in user.groups and any(
                asked.path == p or asked.path.startswith(p + "/") for p in DISCOVERY
            )
            if asked.verb == "get" and (open_to_all or known):
                return True, ""
        own = asked.group in ("authorization.k8s.io", "authentication.k8s.io") and asked.resource.startswith(
            "self"
        )
        if own and asked.verb == "create" and AUTHENTICATED in user.groups:
            return True, (
                'RBAC: allowed by ClusterRoleBinding "system:basic-user" of ClusterRole "system:basic-user" '
                'to Group "system:authenticated"'
            )
        for rule, words in self.rules(user, asked.namespace):
            if rule_allows(rule, asked):
                return True, words
        return False, ""

    def demand(self, user: User, asked: Attributes) -> None:
        """Raise the server's 403 where it is not allowed."""
        if not self.decide(user, asked)[0]:
            raise refusal(user, asked)


def refusal(user: User, asked: Attributes) -> ApiError:
    if asked.path:
        message = f'forbidden: User "{user.name}" cannot {asked.verb} path "{asked.path}"'
        return ApiError(403, "Forbidden", message, {})
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    why = (
        f'User "{user.name}" cannot {asked.verb} resource "{asked.full}" in API group "{asked.group}" {where}'
    )
    return forbidden(asked.resource, asked.group, asked.name, why)


def impersonated(user: User, headers: Mapping[str, str], groups: list[str], authorizer: Authorizer) -> User:
    """The user that ``Impersonate-*`` headers name, if ``user`` may; otherwise the 403 that says what it may not."""
    name = headers.get("Impersonate-User")
    if name is None:
        if groups:
            message = f"Internal error occurred: requested [{{Group  {groups[0]}  v1  }}] without impersonating a user"
            raise ApiError(
                500, "InternalError", message, {"causes": [{"message": message.partition(": ")[2]}]}
            )
        return user
    for kind, who in [("users", name), *(("groups", group) for group in groups)]:
        asked = Attributes("impersonate", resource=kind, name=who)
        if not authorizer.decide(user, asked)[0]:
            why = f'User "{user.name}" cannot impersonate resource "{kind}" in API group "" at the cluster scope'
            raise forbidden(kind, "", who, why)
    given = groups or []
    if AUTHENTICATED not in given and name != ANONYMOUS.name:
        given = [*given, AUTHENTICATED]
    return User(name, tuple(given))


def resource_rules(rules: Iterable[tuple[Obj, str]]) -> tuple[list[Obj], list[Obj]]:
    """A SelfSubjectRulesReview's resourceRules and nonResourceRules."""
    resources: list[Obj] = []
    paths: list[Obj] = []
    for rule, _ in rules:
        if rule.get("nonResourceURLs"):
            paths.append({"verbs": rule["verbs"], "nonResourceURLs": rule["nonResourceURLs"]})
        else:
            kept = ("verbs", "apiGroups", "resources", "resourceNames")
            resources.append({k: rule[k] for k in kept if rule.get(k)})
    return resources, paths

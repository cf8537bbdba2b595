"""kubeconfig as kubectl takes it: several files merged, contexts, certificates, tokens, exec plug-ins, in-cluster.

The official client resolves the same files, but its import costs 170 ms and 30 MB and it lacks impersonation and
``tls-server-name``; a test holds this reader's answers against it. The rules of merging are kubectl's
(https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/): of maps the first file wins
key by key, of scalars the first that sets them; relative paths are relative to the file they stand in.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from tfdash.addresses import wrong_with
from tfdash.sources.kubernetes.proxies import NoProxy, proxy_for
from tfdash.spelling import nearest
from tfdash.text import names_user, safe

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


Stamp = tuple[int, int, int]
"""What tells a file from the same one changed: its inode, size and time of change."""


def stamp(path: str) -> Stamp | None:
    """Of the file that is there now, None where there is none."""
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


class KubeconfigError(Exception):
    """A kubeconfig that cannot be used: names the file, the key and the remedy."""


@dataclass(frozen=True)
class ExecPlugin:
    """A credential plug-in (client.authentication.k8s.io). ``environment`` is added to ours."""

    command: str
    args: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    api_version: str = "client.authentication.k8s.io/v1"
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive: str = "IfAvailable"


@dataclass(frozen=True)
class Access:
    """How to reach one cluster as one user. Secrets are kept out of ``repr``. Bytes are PEM."""

    server: str
    context: str = ""
    namespace: str = ""
    user: str = ""
    ca: bytes | None = None
    insecure: bool = False
    tls_server_name: str = ""
    proxy: str = field(default="", repr=False)  # may hold a password
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)
    token_file: str = ""
    basic: tuple[str, str] | None = field(default=None, repr=False)
    plugin: ExecPlugin | None = None
    impersonate: str = ""
    impersonate_uid: str = ""
    impersonate_groups: tuple[str, ...] = ()
    impersonate_extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    kubeconfig: str = ""  # the file that was named, "" where kubectl's own rules found it
    secret: str = ""  # a reference (env:, file:, command:) that replaces the kubeconfig's token
    files: tuple[tuple[str, Stamp | None], ...] = field(
        default=(), repr=False, compare=False
    )  # as they were read
    again: Callable[[], Access] | None = field(default=None, repr=False, compare=False)  # reads them anew

    def impersonation(self) -> list[tuple[str, str]]:
        """The headers of kubectl's --as, --as-uid, --as-group and as-user-extra."""
        headers = [("Impersonate-User", self.impersonate)] if self.impersonate else []
        headers += [("Impersonate-Uid", self.impersonate_uid)] if self.impersonate_uid else []
        headers += [("Impersonate-Group", group) for group in self.impersonate_groups]
        headers += [
            (f"Impersonate-Extra-{name}", value)
            for name, values in self.impersonate_extra
            for value in values
        ]
        return headers


def kubeconfig_files(given: str, environ: Mapping[str, str]) -> list[Path]:
    """``given``, else ``KUBECONFIG`` (a list of paths), else ``~/.kube/config``."""
    text = given or environ.get("KUBECONFIG", "")
    if text:
        return [Path(part).expanduser() for part in text.split(os.pathsep) if part]
    return [Path.home() / ".kube" / "config"]


def resolve(kubeconfig: str = "", context: str = "", environ: Mapping[str, str] | None = None) -> Access:
    """The access that kubectl would use. Raises ``KubeconfigError`` with one sentence."""
    environ = os.environ if environ is None else environ
    files = kubeconfig_files(kubeconfig, environ)
    named = bool(kubeconfig)
    stamps = tuple((str(file), stamp(str(file))) for file in files)  # before they are read
    merged = _merge(files, required=named)
    if merged is None:
        inside = in_cluster(environ)
        if inside is not None:
            return inside
        listed = ", ".join(str(f) for f in files)
        raise KubeconfigError(
            f"no kubeconfig at {listed}; set KUBECONFIG, name one with --kubeconfig, or try: tfdash demo"
        )
    listed = os.pathsep.join(str(f) for f in files)
    name = context or str(merged.get("current-context") or "")
    if not name:
        names = ", ".join(sorted(merged["contexts"])) or "none"
        raise KubeconfigError(f"{listed}: current-context: none is set; name one with --context ({names})")
    chosen = _entry(merged, "contexts", name, listed)
    cluster = _entry(merged, "clusters", str(chosen.get("cluster") or ""), listed)
    user = _entry(merged, "users", str(chosen["user"]), listed) if chosen.get("user") else {}
    beside = [str(table[key]) for table in (cluster, user) for key in _PATHS if table.get(key)]
    stamps += tuple((path, stamp(path)) for path in beside)
    try:
        access = _access(name, chosen, cluster, user, listed, environ)
    except (TypeError, ValueError, AttributeError):
        raise KubeconfigError(
            f'{listed}: contexts: "{safe(name)}" has a value of the wrong sort; see: kubectl config view'
        ) from None
    return replace(access, files=stamps, again=partial(resolve, kubeconfig, name, environ))


def contexts(kubeconfig: str = "", environ: Mapping[str, str] | None = None) -> tuple[list[str], str]:
    """The names of all contexts, and the current one."""
    merged = _merge(kubeconfig_files(kubeconfig, os.environ if environ is None else environ), required=False)
    return (sorted(merged["contexts"]), str(merged.get("current-context") or "")) if merged else ([], "")


def in_cluster(environ: Mapping[str, str], folder: Path = _ACCOUNT) -> Access | None:
    """The service account of the pod that we run in, if we do."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (folder / "token").exists():
        return None
    where = f"[{host}]" if ":" in host else host
    namespace, ca = folder / "namespace", folder / "ca.crt"
    files = tuple((str(path), stamp(str(path))) for path in (ca, folder / "token"))
    server = f"https://{where}:{port}"
    try:
        proxy = proxy_for(server, "", environ)
    except NoProxy as error:
        raise KubeconfigError(f"in the cluster: {error}") from None
    return Access(
        server=server,
        proxy=proxy,
        context="in-cluster",
        user="service account",
        namespace=namespace.read_text().strip() if namespace.exists() else "",
        ca=ca.read_bytes(),
        token_file=str(folder / "token"),
        files=files,
        again=partial(_in_cluster_again, environ, folder),
    )


def _in_cluster_again(environ: Mapping[str, str], folder: Path) -> Access:
    found = in_cluster(environ, folder)
    if found is None:
        raise KubeconfigError(f"{folder} is not there any more")
    return found


def _merge(files: list[Path], *, required: bool) -> dict[str, Any] | None:
    merged: dict[str, Any] = {"clusters": {}, "users": {}, "contexts": {}}
    found = False
    for path in files:
        if not path.exists() and not required:
            continue
        found = True
        document = _load(path)
        for section in ("clusters", "users", "contexts"):
            rows = document.get(section) or []
            if not isinstance(rows, list):
                raise KubeconfigError(f"{path}: {section}: must be a list; see: kubectl config view")
            for row in rows:
                if not isinstance(row, dict) or not isinstance(row.get("name"), str):
                    raise KubeconfigError(
                        f"{path}: {section}: an entry has no name; see: kubectl config view"
                    )
                body = row.get(section[:-1]) or {}
                if not isinstance(body, dict):
                    raise KubeconfigError(f"{path}: {section}: {safe(row['name'])} is not a table")
                merged[section].setdefault(row["name"], _absolute(body, path.parent))
        if document.get("current-context") and not merged.get("current-context"):
            merged["current-context"] = document["current-context"]
    return merged if found else None


def _load(path: Path) -> dict[str, Any]:
    import yaml  # 14 ms: only where a file is there to be read

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(path.read_bytes(), Loader=loader)
    except OSError as error:
        raise KubeconfigError(
            f"{path}: cannot be read: {error.strerror}; check the path and its permissions"
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise KubeconfigError(
            f"{path}{line}: not valid YAML: {safe(getattr(error, 'problem', '') or 'syntax')}"
        ) from None
    except (ValueError, RecursionError):  # a date that is none, say
        raise KubeconfigError(f"{path}: not a kubeconfig: a value of it cannot be read") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise KubeconfigError(f"{path}: not a kubeconfig: its top level is no table")
    return document


def _absolute(body: dict[str, Any], folder: Path) -> dict[str, Any]:
    changed = dict(body)
    for key in _PATHS:
        value = changed.get(key)
        if isinstance(value, str) and value:
            changed[key] = str(folder / value)  # an absolute value wins over the folder
    plugin = changed.get("exec")
    if isinstance(plugin, dict) and isinstance(plugin.get("command"), str):
        command = plugin["command"]
        if os.sep in command and not os.path.isabs(command):
            changed["exec"] = {**plugin, "command": str(folder / command)}
    return changed


def _entry(merged: dict[str, Any], section: str, name: str, listed: str) -> dict[str, Any]:
    rows: dict[str, dict[str, Any]] = merged[section]
    if name not in rows:
        known = safe(nearest(name, rows)) or "there is none"
        raise KubeconfigError(f'{listed}: {section}: there is no "{safe(name)}"; {known}')
    return rows[name]


def _bytes(table: dict[str, Any], key: str, listed: str) -> bytes | None:
    """``KEY-data`` (base64) before ``KEY`` (a file), as kubectl has it."""
    inline = table.get(f"{key}-data")
    if inline:
        try:
            return base64.b64decode(
                str(inline).replace("\r", "").replace("\n", ""), validate=True
            )  # as Go reads it
        except (binascii.Error, ValueError):
            raise KubeconfigError(f"{listed}: {key}-data: not valid base64") from None
    path = table.get(key)
    if not path:
        return None
    try:
        return Path(str(path)).read_bytes()
    except OSError as error:
        raise KubeconfigError(f"{listed}: {key}: {path} cannot be read: {error.strerror}") from None


def _access(
    name: str,
    context: dict[str, Any],
    cluster: dict[str, Any],
    user: dict[str, Any],
    listed: str,
    environ: Mapping[str, str],
) -> Access:
    server = str(cluster.get("server") or "")
    if not server.startswith(("https://", "http://")):
        shown = safe(server.rpartition("@")[2]) or "none"  # what stands before it may be a password
        raise KubeconfigError(f"{listed}: clusters: server: {shown} is not an http or https address")
    if names_user(server):
        raise KubeconfigError(
            f"{listed}: clusters: server: a user or a password does not belong into an address; put it into users"
        )
    if wrong := wrong_with(server):
        raise KubeconfigError(f"{listed}: clusters: server: {safe(server)} {wrong}")
    if user.get("auth-provider"):
        provider = safe(str(user["auth-provider"].get("name", "")))
        why = "is not read by tfdash" if provider == "oidc" else "was removed from Kubernetes 1.26"
        raise KubeconfigError(f'{listed}: users: auth-provider "{provider}" {why}; use an exec plug-in')
    try:
        proxy = proxy_for(server, str(cluster.get("proxy-url") or ""), environ)
    except NoProxy as error:
        raise KubeconfigError(f"{listed}: clusters: {error}") from None
    plugin = user.get("exec")
    extra = user.get("as-user-extra") or {}
    return Access(
        server=server.rstrip("/"),
        context=name,
        namespace=str(context.get("namespace") or ""),
        user=str(context.get("user") or ""),
        ca=_bytes(cluster, "certificate-authority", listed),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        tls_server_name=str(cluster.get("tls-server-name") or ""),
        proxy=proxy,
        certificate=_bytes(user, "client-certificate", listed),
        key=_bytes(user, "client-key", listed),
        token="" if user.get("tokenFile") else str(user.get("token") or ""),
        token_file=str(user.get("tokenFile") or ""),
        basic=(str(user["username"]), str(user.get("password") or "")) if user.get("username") else None,
        plugin=_plugin(plugin, listed) if plugin else None,
        impersonate=str(user.get("as") or ""),
        impersonate_uid=str(user.get("as-uid") or ""),
        impersonate_groups=tuple(map(str, user.get("as-groups") or ())),
        impersonate_extra=tuple((str(k), tuple(map(str, v))) for k, v in extra.items()),
    )


def _plugin(table: Any, listed: str) -> ExecPlugin:
    if not isinstance(table, dict) or not table.get("command"):
        raise KubeconfigError(f"{listed}: users: exec: command: none is set")
    version = str(table.get("apiVersion") or "")
    if version not in ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"):
        raise KubeconfigError(
            f"{listed}: users: exec: apiVersion: {safe(version) or 'none'} is not supported; use v1"
        )
    return ExecPlugin(
        command=str(table["command"]),
        args=tuple(map(str, table.get("args") or ())),
        environment=tuple((str(e.get("name")), str(e.get("value", ""))) for e in table.get("env") or ()),
        api_version=version,
        install_hint=str(table.get("installHint") or ""),
        provide_cluster_info=bool(table.get("provideClusterInfo")),
        interactive=str(table.get("interactiveMode") or "IfAvailable"),
    )

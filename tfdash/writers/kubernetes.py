"""Sends one request to one API server, once: no retry, no redirect, the server given the same time-out as we have.

What could be sent at all is the list in ``allowed``. A write has a connection of its own: a kept one that the server
closed meanwhile would make the outcome of a harmless race unknown.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from tfdash.actions.core.protocols import Answer, NotSent, OutcomeUnknown
from tfdash.actions.kubernetes.paths import attributes_of
from tfdash.connecting import no_way
from tfdash.model.action import Request
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.requests import Privilege, ReadFailed
from tfdash.model.subject import ClusterRef
from tfdash.text import fault, safe
from tfdash.writers.allowed import NotAllowed, check_allowed
from tfdash.writers.ways import CredentialsLike, Way, Ways

_SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_MAY = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
log = logging.getLogger(__name__)
_LARGEST = 8 << 20  # bytes of one answer
_REVIEW = msgspec.json.encode({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
Who = tuple[str, tuple[str, ...]]
"""User and groups, as a server says them."""


class AnotherIdentity(NotSent):
    """The credential is another one now, and not known to be the same person's."""


class KubernetesWriter:
    """``tfdash.actions.core.protocols.Writer``. ``margin``: seconds beyond the server's own time-out for which an answer is waited
    for, and after which a write that had none is taken as settled."""

    def __init__(
        self,
        ref: ClusterRef,
        credentials: CredentialsLike,
        *,
        connect_timeout: float = 5.0,
        read_timeout: float = 15.0,
        margin: float = 5.0,
    ) -> None:
        self.ref, self._ways = ref, Ways(credentials)
        self._connect, self._read, self._margin = connect_timeout, read_timeout, margin
        self._bound = False
        self._reviewed: Way | None = None  # how the server was last asked who we are
        self._who: Who | None = None  # what it said first

    def reviewed(self) -> KubernetesWriter:
        """See ``Writer``. Over the same connections."""
        found = copy.copy(self)
        found._bound, found._reviewed, found._who = True, None, None
        return found

    async def close(self) -> None:
        await self._ways.close()

    # -- what changes nothing -----------------------------------------------------------------------------------

    async def identity(self) -> Who:
        for renew in (False, True):
            way = await self._way(renew=renew)
            who = await self._review(way, last=renew)
            if who is not None:
                self._reviewed, self._who = way, who
                return who
        raise AssertionError("unreachable")

    async def _way(self, *, renew: bool) -> Way:
        """Raises ``ReadFailed``."""
        try:
            return await self._ways.now(renew=renew)
        except Exception as error:
            raise _trouble(error) from None

    async def _review(self, way: Way, *, last: bool) -> Who | None:
        """Whom the server takes for who comes by ``way``; None: it refuses the credential. Raises ``ReadFailed``, of that
        too where it is the ``last`` try."""
        try:
            answer = await self._by(way, "POST", _SELF, _REVIEW, "application/json", {}, {}, self._read)
        except Exception as error:
            raise _trouble(error) from None
        if answer.status == 401 and not last:
            return None
        user = (answer.body.get("status") or {}).get("userInfo") or {}
        name = str(user.get("username") or "")
        if not answer.ok or not name:
            raise _failed(answer, "the server does not say who we are")
        return name, tuple(sorted(str(g) for g in user.get("groups") or ()))

    async def _mine(self, way: Way) -> Way:
        """``way``, where the server takes who comes by it for whom it said that we are. Raises ``AnotherIdentity``."""
        if not self._bound or way.same(self._reviewed):
            return way
        if self._who is None:
            raise AnotherIdentity("the server was not asked who we are")
        try:
            who = await self._review(way, last=True)
        except ReadFailed as failed:
            told = f"the credential was renewed, and who we are with it cannot be asked: {failed.problem}"
            raise AnotherIdentity(told) from None
        if who != self._who:
            user = safe(who[0]) if who is not None else "nobody"
            raise AnotherIdentity(f"the server takes us for {user} now, no more for {safe(self._who[0])}")
        self._reviewed = way
        return way

    async def may(self, request: Request) -> Privilege:
        asked = attributes_of(request)
        if asked is None:
            return Privilege(verb=request.method, resource=request.path or request.what, allowed=True)
        shown = asked.resource + (f"/{asked.subresource}" if asked.subresource else "")
        shown += f".{asked.group}" if asked.group else ""
        attributes = {k: v for k, v in asked._asdict().items() if v}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = await self._ask("POST", _MAY, body, as_reviewed=True)
        status = answer.body.get("status") or {}
        allowed = bool(status.get("allowed")) if answer.ok and "allowed" in status else None
        why = str(
            status.get("reason") or status.get("evaluationError") or (answer.message if not answer.ok else "")
        )
        return Privilege(
            verb=asked.verb, resource=shown, namespace=asked.namespace, allowed=allowed, reason=safe(why)
        )

    async def read(self, path: str) -> Answer:
        return await self._ask("GET", path, None)

    async def _ask(self, method: str, path: str, body: Any, *, as_reviewed: bool = False) -> Answer:
        """A read: a refused credential is renewed once. Raises ``ReadFailed``."""
        content = None if body is None else msgspec.json.encode(body)
        for renew in (False, True):
            try:
                way = await self._ways.now(renew=renew)
                if as_reviewed:
                    way = await self._mine(way)
                answer = await self._by(way, method, path, content, "application/json", {}, {}, self._read)
            except Exception as error:
                raise _trouble(error) from None
            if answer.status != 401 or renew:
                return answer
        raise AssertionError("unreachable")

    async def dry_run(self, request: Request) -> Answer:
        check_allowed(request)
        if request.method == "DELETE":
            # with a body the server reads its DeleteOptions there and ignores the query: dryRun in the query would delete
            options = {**msgspec.json.decode(request.body or b"{}"), "dryRun": ["All"]}
            request = msgspec.structs.replace(request, body=msgspec.json.encode(options).decode())
        return await self._write(request, {"dryRun": "All"}, {}, self._read)

    # -- what does ----------------------------------------------------------------------------------------------

    async def send(self, request: Request, *, audit_id: str, timeout: float) -> Answer:
        check_allowed(request)
        headers = {"Audit-ID": audit_id} if audit_id else {}
        return await self._write(request, {}, headers, timeout)

    async def _write(
        self, request: Request, query: Mapping[str, str], headers: Mapping[str, str], timeout: float
    ) -> Answer:
        parameters = {**dict(request.query), **query, "timeout": f"{max(1, round(timeout))}s"}
        content = request.body.encode() if request.body else None
        try:
            way = await self._mine(await self._ways.now())
            return await self._by(
                way,
                request.method,
                request.path,
                content,
                request.content_type,
                parameters,
                headers,
                timeout + self._margin,
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise NotSent(_words(error)) from None
        except (httpx.TransportError, TimeoutError, OSError, msgspec.DecodeError) as error:
            settled = time.monotonic() + timeout + self._margin
            raise OutcomeUnknown(_words(error), settled) from None
        except (NotAllowed, NotSent):
            raise
        except (
            Exception
        ) as error:  # before anything was sent: a credential that cannot be had, a bad certificate
            if {of.__name__ for of in type(error).__mro__} & {"LoginNeeded", "Unusable", "InvalidURL"}:
                raise NotSent(safe(str(error))) from None
            log.error("a write failed", exc_info=error)
            raise OutcomeUnknown(fault(error), time.monotonic() + timeout + self._margin) from None

    async def _by(
        self,
        way: Way,
        method: str,
        path: str,
        content: bytes | None,
        content_type: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        patience: float,
    ) -> Answer:
        sent = dict(headers)
        if way.authorization:
            sent["Authorization"] = way.authorization
        if content is not None:
            sent["Content-Type"] = content_type
        client = way.client
        request = client.build_request(
            method,
            # merged here: what httpx is given as params takes the place of the path's own query
            httpx.URL(path).copy_merge_params(dict(query)),
            content=content,
            headers=sent,
            timeout=httpx.Timeout(patience, connect=self._connect, pool=self._connect),
        )
        if way.tls_server_name:
            request.extensions["sni_hostname"] = way.tls_server_name
        async with asyncio.timeout(self._connect + patience):
            answer = await client.send(request, stream=True)
            try:
                raw = b""
                async for chunk in answer.aiter_bytes():
                    raw += chunk
                    if len(raw) > _LARGEST:
                        raise httpx.ReadError("the answer is too large")
            finally:
                await answer.aclose()
        if answer.status_code != 401:
            self._ways.credentials.accepted()
        return _answer(answer, raw)


def _answer(answer: httpx.Response, raw: bytes) -> Answer:
    try:
        body = msgspec.json.decode(raw) if raw else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = {}
    if not isinstance(body, dict):
        body = {}
    failed, said = answer.status_code >= 300, answer.headers.get("content-type", "")
    plain = raw[:300].decode(errors="replace") if failed and not body else ""
    return Answer(
        status=answer.status_code,
        body=body,
        text=raw.decode(errors="replace") if said.startswith("text/plain") and not failed else "",
        message=safe(str(body.get("message") or plain)) if failed else "",
        reason=safe(str(body.get("reason") or "")) if failed else "",
        headers={k.lower(): v for k, v in answer.headers.items()},
    )


def _words(error: BaseException) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "connecting timed out"
    if isinstance(error, httpx.ConnectError):
        return no_way(error, "the server, or its proxy") or f"cannot connect: {safe(str(error))}"
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "no answer in time"
    if isinstance(error, httpx.LocalProtocolError):  # its words repeat the header, and that may be a secret
        return "a header holds a character that no header can carry"
    return f"the connection was lost: {safe(str(error)) or type(error).__name__}"


def _trouble(error: Exception) -> ReadFailed:
    if isinstance(error, ReadFailed):
        return error
    if isinstance(error, AnotherIdentity):
        return ReadFailed(Problem(kind=ProblemKind.CONFIG, cause=str(error), remedy="make the plan anew"))
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return ReadFailed(Problem(kind=ProblemKind.TIMEOUT, cause="no answer in time"))
    if isinstance(error, httpx.TransportError | OSError):
        return ReadFailed(Problem(kind=ProblemKind.UNREACHABLE, cause=_words(error)))
    remedy = safe(str(getattr(error, "remedy", "")))
    if remedy:
        kind = ProblemKind.CONFIG if type(error).__name__ == "Unusable" else ProblemKind.LOGIN_EXPIRED
        return ReadFailed(Problem(kind=kind, cause=safe(str(error)), remedy=remedy))
    log.error("a read failed", exc_info=error)
    cause = f"a fault of tfdash itself ({type(error).__name__})"
    return ReadFailed(
        Problem(kind=ProblemKind.INTERNAL, cause=cause, remedy="its log has the details: report them")
    )


def _failed(answer: Answer, what: str) -> ReadFailed:
    kind = ProblemKind.LOGIN_EXPIRED if answer.status == 401 else ProblemKind.BAD_ANSWER
    told = f": {answer.message}" if answer.message else ""
    return ReadFailed(Problem(kind=kind, cause=f"{what} (HTTP {answer.status}{told})"))

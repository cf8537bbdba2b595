"""What is secret goes no further than the problem, the log line or the entry in which somebody repeats it."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from tfdash.addresses import hold_parts, secret_in
from tfdash.cli.compose import _WithoutSecrets
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.model.observation import Problem, ProblemKind
from tfdash.recording.codec import Encoder
from tfdash.sources.kubernetes.credentials import Credentials, read_header, read_secret
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.proxies import proxy_for
from tfdash.sources.kubernetes.transport import ApiError
from tfdash.sources.kubernetes.transport import problem_of as of_a_cluster
from tfdash.sources.prometheus.failing import QueryFailed
from tfdash.sources.prometheus.failing import problem_of as of_prometheus
from tfdash.store.log.redact import Redactor
from tfdash.store.shared.shared_store import asking_nobody
from tfdash.text import names_user, scrubbed

PLANTED = "planted-x7Qz-secret"
LIKE_A_TOKEN = f"{PLANTED}-h7Tz93kQmW2LpX"


@pytest.fixture
def held(tmp_path: Path) -> None:
    (tmp_path / "s").write_text(f"Bearer {PLANTED}\n")
    assert read_header(f"file:{tmp_path / 's'}").endswith(PLANTED)


@pytest.mark.usefixtures("held")
def test_a_server_that_repeats_what_it_was_sent() -> None:
    said = f"token {PLANTED} is not known; https://ann:{PLANTED}@h"
    for problem in (
        of_a_cluster(ApiError(403, said), 0.0),
        of_a_cluster(ApiError(500, said), 0.0),
        of_prometheus(QueryFailed(400, said), 0.0),
        of_prometheus(QueryFailed(503, said), 0.0),
        Problem(kind=ProblemKind.INTERNAL, cause=said, remedy=said),
    ):
        assert PLANTED not in str(problem) and "[redacted]" in str(problem)


@pytest.mark.usefixtures("held")
def test_a_log_line_and_its_traceback() -> None:
    try:
        raise ValueError(f"header {PLANTED}")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 0, "sent %s", (PLANTED,), (ValueError, error, error.__traceback__)
        )
    written = _WithoutSecrets("%(message)s").format(record)
    assert "Traceback" in written and PLANTED not in written


@pytest.mark.usefixtures("held")
def test_an_entry_of_the_audit_log() -> None:
    data, texts = Redactor().entry({"said": f"no {PLANTED}"}, f"yes {PLANTED}")
    assert PLANTED not in f"{data}{texts}"


@pytest.mark.parametrize(
    "access",
    [
        Access("https://h", token=PLANTED),
        Access("https://h", basic=("ann", PLANTED)),
        Access("https://h", secret="env:PLANTED"),
    ],
)
def test_each_credential_is_held(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED", PLANTED)
    header = Credentials(access).authorization()
    assert PLANTED not in of_a_cluster(ApiError(400, f"{PLANTED} {header}"), 0.0).cause
    assert header.split()[1] not in of_a_cluster(ApiError(400, f"{PLANTED} {header}"), 0.0).cause


def test_what_is_plainly_a_secret_needs_not_be_held() -> None:
    jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"
    for said in (
        f"invalid token {jwt}",
        "dial postgresql://ann:pw-9-planted@db/x",
        "-----BEGIN PRIVATE KEY-----\npw-9-planted",
    ):
        cause = Problem(kind=ProblemKind.CONFIG, cause=said).cause
        assert jwt not in cause and "pw-9-planted" not in cause
    plain = "the token expired: run cloud auth login; basic authentication is off"
    assert Problem(kind=ProblemKind.CONFIG, cause=plain).cause == plain


def test_a_short_secret_takes_no_words_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT", "true")
    read_secret("env:SHORT")
    assert Problem(kind=ProblemKind.CONFIG, cause="it is true").cause == "it is true"


@pytest.mark.parametrize(
    "text",
    [
        f'[environments.p.prometheus]\nurl = "http://ann:{PLANTED}@h:9090"',
        f'[environments.p.prometheus]\nurl = "http://h"\nproxy = "http://ann:{PLANTED}@h:1"',
        f'[environments.p.prometheus]\nurl = "http://h"\nproxy = "ann:{PLANTED}@h:1"',
        f'[environments.p.prometheus]\nurl = "http://ann:a/{PLANTED}@h:9090"',
        f'[actions.pipelines.x]\nurl = "https://ann:a/{PLANTED}@ci"',
        f'[environments.p.prometheus]\nurl = "http://h"\nheaders = {{ Authorization = "Bearer {PLANTED}" }}',
        f'[environments.p.prometheus]\nurl = "http://h"\nheaders = {{ X-Api-Key = "{PLANTED}" }}',
        f'[environments.p.prometheus]\nurl = "http://h"\npassword = "{PLANTED}"',
        f'[actions.pipelines.x]\nurl = "https://ann:{PLANTED}@ci"',
        f'[actions.pipelines.x]\nurl = "https://ci"\nheaders = {{ PRIVATE-TOKEN = "{PLANTED}" }}',
        f'[[journeys]]\nname = "a"\nurl = "https://h"\nheaders = {{ Cookie = "{PLANTED}" }}\n[[journeys.steps]]\npath = "/"',
        f'[[journeys]]\nname = "a"\nurl = "https://ann:{PLANTED}@h"\n[[journeys.steps]]\npath = "/"',
        f'[store]\nurl = "postgresql://ann:{PLANTED}@h/x"',
        *(
            text.replace("ADDRESS", where)
            for where in (
                f"https://h/x?token={PLANTED}",
                f"https://h/x?a=1&access_token={PLANTED}",
                f"https://h/x?api-key={PLANTED};b=2",
                f"https://h/x?X-Amz-Signature={PLANTED}",
                f"https://h/x?key={PLANTED}",
                f"https://h/x?ref={LIKE_A_TOKEN}",
                f"https://h/x;token={PLANTED}",
                f"https://h/hooks/{LIKE_A_TOKEN}",
                f"https://h/x#{PLANTED}",
                f"https://h/x?token={{name}}{PLANTED}",
            )
            for text in (
                '[environments.p.prometheus]\nurl = "ADDRESS"',
                '[environments.p.prometheus]\nurl = "http://h"\nproxy = "ADDRESS"',
                '[actions.pipelines.x]\nurl = "ADDRESS"',
                '[actions.pipelines.x]\nurl = "https://ci"\nstatus_url = "ADDRESS"',
                '[actions.gates]\n"a/b" = "ADDRESS"',
                '[[journeys]]\nname = "a"\nurl = "ADDRESS"',
                '[[journeys]]\nname = "a"\nurl = "https://h"\n[[journeys.steps]]\npath = "ADDRESS"',
            )
        ),
        *(
            f"{table}\nbody = '''{body}'''"
            for body in (
                f'{{"user": "a", "password": "{PLANTED}"}}',
                f"user=a&api_key={PLANTED}",
                f'{{"auth": {{"access_token" : "{{name}}{PLANTED}"}}}}',
                f'{{"note": "{LIKE_A_TOKEN}"}}',
            )
            for table in (
                '[actions.pipelines.x]\nurl = "https://ci"',
                '[[journeys]]\nname = "a"\nurl = "https://h"\n[[journeys.steps]]\npath = "/"',
            )
        ),
        *(
            f'[environments.p.prometheus]\nurl = "http://h"\nheaders = {{ {name} = "{value}" }}'
            for name, value in (
                ("X-Auth", PLANTED),
                ("X-Access-Key", PLANTED),
                ("X-Session", PLANTED),
                ("X-Scope-OrgID", f"Bearer {PLANTED}"),
                ("X-Scope-OrgID", LIKE_A_TOKEN),
                ("Authorization", f"Bearer {{name}}{PLANTED}"),
            )
        ),
    ],
)
def test_a_secret_in_the_open_is_refused_and_not_repeated(text: str) -> None:
    text = text.replace('path = "https://h', 'path = "')
    with pytest.raises(ConfigError) as told:
        parse(text, "c.toml")
    said = "\n".join(map(str, told.value.problems))
    assert PLANTED not in said and any(
        word in said for word in ("reference", "use ", "secret", "asks for none")
    ), said


@pytest.mark.parametrize(
    ("address", "does"),
    [
        ("https://h", False),
        ("https://h:9090/a@b", False),
        ("https://h/a:b@c", False),
        ("https://[::1]:9090/a@b", False),
        ("h:9090", False),
        ("", False),
        ("https://ann@h", True),
        ("https://ann:pw@h", True),
        ("https://ann:p/w@h:1/x", True),
        ("https://ann:p?w#@h", True),
        ("https://:pw@h", True),
        ("ann:pw@h:1", True),
    ],
)
def test_an_address_that_names_a_user(address: str, does: bool) -> None:
    assert names_user(address) is does


@pytest.mark.parametrize(
    "text",
    [
        '[environments.p.prometheus]\nurl = "https://h/select/0/prometheus"',
        '[environments.p.prometheus]\nurl = "https://h/workspaces/ws-550e8400-e29b-41d4-a716-446655440000"',
        '[environments.p.prometheus]\nurl = "http://h"\nheaders = { X-Scope-OrgID = "team-a|team-b2" }',
        '[environments.p.prometheus]\nurl = "http://h"\nheaders = { Authorization = "env:A" }',
        '[actions.pipelines."workload.hold"]\nurl = "https://ci/{namespace}/{name}?ref={revision}&id={intent}"',
        '[actions.pipelines."workload.hold"]\nurl = "env:CI"\nstatus_url = "file:/run/ci"',
        '[[journeys]]\nname = "a"\nurl = "https://h/cart?item=17"',
        # hosts that load balancers and managed clusters are given
        '[environments.p.prometheus]\nurl = "http://a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6-123456.eu-west-1.elb.amazonaws.com/"',
        '[environments.p.prometheus]\nurl = "https://0F1E2D3C4B5A69788796A5B4C3D2E1F0.gr7.us-east-1.eks.amazonaws.com"',
        '[[journeys]]\nname = "a"\nurl = "https://shop.apps.a1b2c3d4e5f6a7b8c9d0e.eastus.aroapp.io/cart"',
        '[[journeys]]\nname = "a"\nurl = "https://h"\n[[journeys.steps]]\npath = "/in"\ncapture = { t = "json:/t" }\n'
        '[[journeys.steps]]\npath = "/cart?token={t}"\nheaders = { Authorization = "Bearer {t}" }',
    ],
)
def test_what_is_no_secret_is_taken(text: str) -> None:
    parse(text + ("" if "[environments" in text else "\n[environments.p]\n"), "c.toml")


@pytest.mark.parametrize(
    "address",
    [
        "https://h/?pass=x",
        "https://h/?passphrase=x",
        "https://h/?auth_key=x",
        "https://h/?tok%65n=x",  # as the server will read it
        "https://h/a;%74oken=x",
        "https://h/ghp_%61bcdefghijk",
        "/cart?%70assword=x",
        "https://h/0F1E2D3C4B5A69788796A5B4C3D2E1F0",
    ],
)
def test_what_a_server_would_take_for_a_secret(address: str) -> None:
    assert secret_in(address) and not secret_in("https://h/?compass=north&passenger=1&item=%41")


def test_the_parts_of_an_address_that_was_given_by_reference() -> None:
    address = f"https://ann:{PLANTED}-1@ci/hooks/{LIKE_A_TOKEN}?token={PLANTED}-3"
    assert hold_parts(address) == address
    for said in (
        f"no such user: {PLANTED}-1",
        f"404 /hooks/{LIKE_A_TOKEN}",
        f"token {PLANTED}-3 is over",
    ):
        assert PLANTED not in scrubbed(said)


def test_a_proxy_s_password_is_held() -> None:
    proxy_for("https://h", f"http://ann:{PLANTED}%2F@p:3128", {})
    assert PLANTED not in scrubbed(f"407 for ann {PLANTED}/ and {PLANTED}%2F")


def test_no_exception_s_own_words_are_a_message() -> None:
    """Of what nobody foresaw its name is said (``fault``), and the log has the rest."""
    root = Path(__file__).parents[2]
    told = [
        str(path.relative_to(root))
        for part in ("tfdash", "screens", "widgets")
        for path in (root / part).rglob("*.py")
        if "demo" not in path.parts
        and re.search(r"__name__\}: \{(safe\(str\()?(e|error|failed)\b", path.read_text("utf-8"))
    ]
    assert not told


def test_a_database_s_key_asks_nobody_for_its_passphrase() -> None:
    """libpq has OpenSSL ask on the terminal where no sslpassword is given."""
    from psycopg.conninfo import conninfo_to_dict

    for given in ("postgresql://ann@h/x?sslkey=k&sslcert=c", "host=h dbname=x", "postgresql:///x"):
        found = conninfo_to_dict(asking_nobody(given))
        assert found.pop("sslpassword") == "-" and found == conninfo_to_dict(given)
    own = "postgresql://ann@h/x?sslkey=k&sslpassword=theirs"
    assert asking_nobody(own) == own


PLAIN = (
    "-----BEGIN RSA PRIVATE KEY-----\nPLANTED",
    "Authorization: Bearer PLANTEDabcdefghijkl",
    "basic PLANTEDabcdefghijkl",
    "eyJPLANTEDabc.PLANTED.PLANTED",
    "postgres://app:PLANTED@db/x",
    "host=db user=app password=PLANTED sslmode=require",
    "host=db password='PLANTED two'",
    'DB_PASSWORD="PLANTED two"',
    "kubectl set env MYSQL_PWD=PLANTED",
    "https://registry/v2?scope=x&access_token=PLANTED&y=1",
    "--client-secret=PLANTED",
    "api_key=PLANTED",
    "ghp_PLANTED012345",
    "github_pat_PLANTED012345",
    "glpat-PLANTED012345",
    "xoxb-PLANTED012345",
    "hvs.PLANTED012345",
    "AKIAPLANTED012345678",
)
"""What is plainly a secret, whoever says it."""


@pytest.mark.parametrize("said", PLAIN)
def test_what_is_plainly_a_secret_is_taken_out_of_words_and_recordings(said: str) -> None:
    clean = scrubbed(f"cannot log in: {said} was refused")
    assert "PLANTED" not in clean and clean.startswith("cannot log in: ")
    assert scrubbed(clean) == clean
    assert b"PLANTED" not in bytes(Encoder().clean({"message": f"cannot log in: {said} was refused"}))


@pytest.mark.parametrize(
    "said",
    [
        'secret "web-tls" not found',
        "token: expired",
        "Secret: key password is lacking",
        'kube_secret_info{secret="web-tls"} and token=""',
        "keys=3, tokens=4, key=a",
        "password=",
    ],
)
def test_what_only_speaks_of_secrets_stays(said: str) -> None:
    assert scrubbed(said) == said

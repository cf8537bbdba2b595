"""What is nobody's name: words of Kubernetes, of this program and of its sentences. Lower case."""

from __future__ import annotations

import re

from tfdash.anonymise.message_words import MESSAGE_WORDS
from tfdash.model.kinds import KINDS


def _of(words: str) -> frozenset[str]:
    return frozenset(words.split())


KEPT = _of(
    "default kube-system kube-public kube-node-lease kubernetes system:authenticated system:unauthenticated system:masters"
    " system:nodes cluster.local kube-apiserver kube-scheduler kube-controller-manager kube-proxy default-scheduler"
    " system-node-critical system-cluster-critical system:serviceaccount system:node"
)
"""Names that are everywhere the same: they stay, wherever they stand."""
_SENTENCES = (
    "a about above after again all also alone among an and another any anybody are as ask asked at away back be because been before begin"
    " behind below beside between both but by came can come could day days did do does done down each either else end ended every few first"
    " for found from get gets go goes good had has have held here hold holds hour hours how if in into is it its itself just kept know known"
    " last least less let like long look made make many may me minute minutes missing month more most much must name named near need needs"
    " never new newest next no nobody none nor not nothing now of off ok old on once one only open or other others our out over own part"
    " place read reads ready rest run running runs said same say says second seconds seen set she so some still stop such take than that the"
    " their them then there they this those though time times to too true two under unknown until up us used uses wait waits was way we week"
    " well were what when where whether which while who whole whose why will with within without would yet you your zero false yes"
)
_OURS = (
    "account action actions admin alert alerts annotation answer api availability available band bound breach bundle bytes calendar canary cause"
    " certificate certificates change changes chart check closed cluster clusters condition config configuration container containers cores"
    " count cpu current data date deadline degraded desired disk doctor drain due environment error errors event events evidence failed failure"
    " finding findings gate group health healthy host hosts http https idle image images info issuer item job jobs key kubectl label"
    " labels latency level limit limits list live load log login main maintenance memory message metric metrics minimum maximum mode moving namespace"
    " namespaces network node nodes object objects overview owner page patch pause paused pending percent period phase place plan platform pod pods"
    " policy pool pools port primary probe problem progress progressing promote quota quotas rate reached reason record recording"
    " release releases remedy replica replicas request requests resource resources restart restarts revision rollback rollout rule rules"
    " rotation sample schedule secret section selector series server serves service services serving side size snapshot source sources stable"
    " stale standing state status step steps store stuck subject target template test tls token traffic trigger type unit update updated user"
    " value verdict version versions volume volumes wait waived warn warning weight window windows workload workloads zone"
    " argo argocd cert-manager flagger flux helm karpenter prometheus"
    " active approved bound complete critical control-plane denied deleted expired firing info invalid master onfailure tcp terminated terminating udp valid waiting worker"
)
WORDS = frozenset(
    [*_SENTENCES.split(), *_OURS.split()]
    + [word for spec in KINDS.values() for word in (spec.kind.lower(), spec.resource)]
)
"""In a sentence such a word is a name only where it stands as one: in quotes, beside a slash, a hyphen or a sign of equality."""
BARE_KEYS = _of(
    "alertname app code component container controller-uid controller-revision-hash endpoint env environment handler instance job job-name k8s-app"
    " le method namespace name node node_name path pod pod-template-hash reason release role rollouts-pod-template-hash route service severity"
    " statefulset tier type uri url version workload status status_code owner_kind owner_name phase resource team zone region"
)
"""Keys of labels without a domain that everybody has."""
PLAIN_KEYS = _of(
    "kubernetes.io/arch kubernetes.io/os beta.kubernetes.io/arch beta.kubernetes.io/os app.kubernetes.io/managed-by code le method"
    " severity status status_code phase resource owner_kind controller-uid"
    " batch.kubernetes.io/controller-uid batch.kubernetes.io/job-completion-index"
)
"""Keys whose values are words that everybody has."""
MEMBERS = WORDS | _of(
    "abort analysis annotations arguments automated begun chain command conditions destination details done_at env extra generation groups hard hash"
    " id kind late link location manager marks metadata note operation operator ordinals partition path plans posts projected promotes result run"
    " sequence since spec state strategy subresource suspend template_digest template_hash terminal text topic uid unschedulable url username"
    " verified_at webhooks weights withdrawn"
)
"""Members of the documents that this program writes."""
_DOMAINS = re.compile(
    r"(?:^|\.)(?:kubernetes\.io|k8s\.io|helm\.sh|argoproj\.io|cert-manager\.io|fluxcd\.io|flagger\.app|keda\.sh|openshift\.io|karpenter\.sh"
    r"|istio\.io|tfdash\.dev|prometheus\.io|coreos\.com|nvidia\.com|amazonaws\.com|eks\.amazonaws\.com|gke\.io|azure\.com)$"
)
_CAMEL = re.compile(r"[A-Z][A-Za-z]+\d*(?:/[A-Z][A-Za-z]+)?")
_HUMPS = re.compile(r"(?:[A-Z]+[a-z]+){2,}|[A-Z]{3,}[a-z]+")
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}(?:[:/]\d{1,5})?")
_SPAN = re.compile(r"\d[\d.,]*[A-Za-z%]{0,3}[-–]\d[\d.,]*[A-Za-z%]{0,3}|\d{4}-\d\d-\d\d(?:T\d\d.*)?")
_LASTS = re.compile(r"(?:\d+(?:\.\d+)?(?:h|m|s|ms|us|µs|ns|d))+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FIGURES = re.compile(
    r"[-+~<>=*. ]*v?\d{1,5}(?:[.,:_/+-]?\d+)*\s*(?:%|[smhdkMGTPE]|[kKMGTPE]i|ms|rc\d*|beta\d*|alpha\d*)?"
)
_ACCOUNT = 12  # digits: so long is the number of an account of a cloud, which is a name
_AMOUNTS = _of("cpu memory pods ephemeral-storage storage services secrets configmaps persistentvolumeclaims")
_BEFORE = re.compile(r"(?:requests|limits|count)[./]")


def known_domain(domain: str) -> bool:
    return _DOMAINS.search(domain.lower()) is not None


def is_address(text: str) -> bool:
    """Four numbers, with a port or the size of a net behind them."""
    return _ADDRESS.fullmatch(text) is not None


def plain(text: str) -> bool:
    """A number, an amount, a version, a truth, an identifier without meaning: no letters that could be anybody's."""
    account = text.isdecimal() and len(text) >= _ACCOUNT
    return (
        (not any(c.isalpha() for c in text) and len(text) < _ACCOUNT and not is_address(text))
        or text.lower() in ("true", "false", "none", "null", "nan", "inf", "+inf", "-inf", "yes", "no")
        or (_FIGURES.fullmatch(text) is not None and not account and not is_address(text))
        or _SPAN.fullmatch(text) is not None
        or _LASTS.fullmatch(text) is not None
        or _UUID.fullmatch(text) is not None
    )


def conventional(word: str) -> bool:
    """A word of Kubernetes or of ours, in a field that is for such: a reason, a type, a resource."""
    return (
        plain(word)
        or word.lower() in WORDS
        or word in KEPT
        or _CAMEL.fullmatch(word) is not None
        or _BEFORE.sub("", word) in _AMOUNTS
        or ("/" in word and known_domain(word.partition("/")[0]))
        or known_domain(word)
    )


def quotable(word: str) -> bool:
    """The same of what stands in quotes, where a name may stand too: one capital letter makes no word of Kubernetes."""
    return plain(word) or word.lower() in WORDS or word in KEPT or _HUMPS.fullmatch(word) is not None


_JOINED = re.compile(r"[-._/:]+")


def said(token: str) -> bool:
    """Whether a token of several parts is one of a sentence: numbers and words alone."""
    return conventional(token) or all(
        plain(part) or part.lower() in WORDS for part in _JOINED.split(token) if part
    )


_ENDINGS = ("", "s", "d", "ed", "ing")


def message_word(word: str) -> bool:
    """Whether messages consist of such: a word of theirs, in whatever form, or one of Kubernetes (``CrashLoopBackOff``)."""
    if quotable(word):
        return True
    folded = word.lower()
    stems = (folded.removesuffix(ending) for ending in _ENDINGS if folded.endswith(ending))
    return any(stem in MESSAGE_WORDS or stem in WORDS for stem in stems)

"""One and many of the nouns and kinds that are counted: ``Canary`` and ``Canaries``, ``pod`` and ``pods``."""

from __future__ import annotations

_HISSED = ("s", "x", "ch", "sh")
_ALIKE = ("series", "metrics")  # one and many
_MADE = {  # of which s makes no plural, most of them kinds that a source makes: one and many
    "Usage": ("amount used", "amounts used"),
    "UsageHistory": ("history of use", "histories of use"),
    "VolumeUsage": ("volume's fill", "volumes' fill"),
    "ServedCertificate": ("served certificate", "served certificates"),
    "HeldCertificate": ("sort of holders of certificates", "sorts of holders of certificates"),
    "StoredRelease": ("stored release", "stored releases"),
    "leaf": ("leaf", "leaves"),
    "ToldCertificate": ("certificate that is told of", "certificates that are told of"),
}


def plural(noun: str) -> str:
    """``pod`` -> ``pods``, ``Canary`` -> ``Canaries``, ``storage class`` -> ``storage classes``."""
    if noun.lower().endswith(_ALIKE):
        return noun
    if noun in _MADE:
        return _MADE[noun][1]
    if noun.endswith("y") and noun[-2:-1] not in ("a", "e", "i", "o", "u"):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(_HISSED) else f"{noun}s"


def singular(nouns: str) -> str:
    """The other way; what is no plural stays (``kubectl describe ingress``)."""
    if nouns.lower().endswith(_ALIKE):
        return nouns
    if nouns.endswith("ies"):
        return f"{nouns[:-3]}y"
    if nouns.endswith(tuple(f"{end}es" for end in ("ss", "x", "ch", "sh"))):
        return nouns[:-2]
    return nouns if nouns.endswith("ss") else nouns.removesuffix("s")


def counted(number: int, noun: str) -> str:
    """``1 pod``, ``2 pods``."""
    one = _MADE[noun][0] if noun in _MADE else noun
    return f"{number} {one if number == 1 else plural(noun)}"

"""One and many of the nouns and kinds that are counted: ``Canary`` and ``Canaries``, ``pod`` and ``pods``."""

from __future__ import annotations

_HISSED = ("s", "x", "ch", "sh")
_ALIKE = ("series", "metrics")  # one and many
_MADE = {  # kinds that a source makes of others
    "Usage": "amounts used",
    "UsageHistory": "histories of use",
    "VolumeUsage": "volumes' fill",
    "ServedCertificate": "served certificates",
    "HeldCertificate": "holders of certificates",
}


def plural(noun: str) -> str:
    """``pod`` -> ``pods``, ``Canary`` -> ``Canaries``, ``storage class`` -> ``storage classes``."""
    if noun.lower().endswith(_ALIKE):
        return noun
    if noun in _MADE:
        return _MADE[noun]
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
    return f"{number} {noun}" if number == 1 else f"{number} {plural(noun)}"

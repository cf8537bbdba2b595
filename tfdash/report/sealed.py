"""A page of HTML that reaches nothing and runs nothing, whatever stands in it."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_HEAD = "<head>"


def sealed(page: str) -> str:
    """``page`` with a Content-Security-Policy that lets its own styles in, each by its hash, and nothing else: no script, no image, no
    font, no frame, no form, no request. It stands before all else in the head. Raises ValueError for a page without ``<head>``: the
    policy would stand nowhere."""
    if _HEAD not in page:
        raise ValueError(f"a page of HTML needs {_HEAD}, written so: its security policy is put there")
    hashes = [
        f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in _STYLE.findall(page)
    ]
    styles = " ".join(hashes) or "'none'"
    policy = f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'"
    return page.replace(
        _HEAD,
        f'{_HEAD}\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">',
        1,
    )

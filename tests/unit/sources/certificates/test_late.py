"""What reads certificates is imported when the first is read, and not before."""

from __future__ import annotations

import subprocess
import sys

_CODE = """
import sys
import tfdash.model.certificates, tfdash.playbook.registry, tfdash.views.pages, tfdash.config.settings
import tfdash.cli.source_registry, tfdash.sources.certificates.held, tfdash.sources.certificates.source
import tfdash.sources.kubernetes.pem, tfdash.sources.kubernetes.entrances
print(sorted({"cryptography", "OpenSSL", "httpx"} & set(sys.modules)))
import tfdash.sources.certificates.handshake
print(sorted({"cryptography", "OpenSSL"} & set(sys.modules)))
"""


def test_nothing_heavy_is_imported_before_the_first_look() -> None:
    done = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['OpenSSL', 'cryptography']"]

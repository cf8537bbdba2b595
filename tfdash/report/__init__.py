"""Headless export: one moment of what the screens show, as JSON for programs and as plain text for people.

``snapshot`` writes it, ``exit_code`` says what a script should think of it, ``schema`` is the JSON's schema.
"""

from __future__ import annotations

from tfdash.report.snapshot import SCREENS, exit_code, schema, snapshot

__all__ = ["SCREENS", "exit_code", "schema", "snapshot"]

"""The colours of states and emphases on a dark ground, for the dark theme and for pictures of a screen."""

from __future__ import annotations

GROUND, TEXT = "#15181b", "#d3d9e1"
DARK: dict[str, str] = {
    "ok": "#86c793",
    "warn": "#e8b75a",
    "breach": "#ff6b68",
    "unknown": "#c7a0ea",
    "moving": "#6ecbd8",
    "paused": "#94ade6",
    "idle": "#8b95a3",
    "dim": "#8b95a3",
    "bright": "#ffffff",
    "accent": "#7db8f5",
}

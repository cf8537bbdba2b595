"""The themes, and the one mapping from a state's token to a colour.

Widgets name variables alone (``$tf-warn``), so that a theme changes everything and another theme of Textual's own still
works with the defaults. Red belongs to BREACH: no theme gives it to anything else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.theme import Theme

from tfdash.views.colours import DARK, GROUND, TEXT
from tfdash.views.table import TOKENS
from widgets.textual_private import quick_frames

SOURCES = 8  # colours by which log sources are told apart

_DARK: dict[str, str] = {
    **DARK,
    "bright-background": "#414852",
    "cursor-background": "#323841",
    "cursor-blurred-background": "#262a30",
    "mark": "#f0d58c",
    "match": "#101317",
    "match-background": "#e3c46e",
    "rule": "#3d444d",
    "bar": "#1f2328",
    "key": "#7db8f5",
    "refused": "#666f7b",
    "track": "#373d45",
    "env": "#ffffff",
    "env-production": "#a3248f",
    "env-staging": "#2c63a8",
    "env-development": "#2d7263",
    "env-neutral": "#4d545e",
    "banner": "#16191e",
    "banner-background": "#ff6b68",
    "yaml-key": "#7db8f5",
    "yaml-text": "#b9cfa8",
    "yaml-number": "#dcb07f",
    "yaml-word": "#c7a0ea",
    "added": "#86c793",
    "removed": "#d99a86",
    "source-1": "#7db8f5",
    "source-2": "#cfc58f",
    "source-3": "#86c793",
    "source-4": "#d79be0",
    "source-5": "#6ecbd8",
    "source-6": "#d6a98c",
    "source-7": "#a9b3f0",
    "source-8": "#b9cf7c",
}
_LIGHT: dict[str, str] = {
    "ok": "#1f6b28",
    "warn": "#8a5600",
    "breach": "#b3131b",
    "unknown": "#6d36a3",
    "moving": "#0b6674",
    "paused": "#2c4fa8",
    "idle": "#5d6773",
    "dim": "#5d6773",
    "bright": "#000000",
    "accent": "#0f5aa8",
    "bright-background": "#f3e3b3",
    "cursor-background": "#cfe0f3",
    "cursor-blurred-background": "#e2e6eb",
    "mark": "#7a4d00",
    "match": "#000000",
    "match-background": "#f2cf63",
    "rule": "#c3cad2",
    "bar": "#ececee",
    "key": "#0f5aa8",
    "refused": "#8b939d",
    "track": "#ccd3db",
    "env": "#ffffff",
    "env-production": "#8a1679",
    "env-staging": "#1f5599",
    "env-development": "#1f6152",
    "env-neutral": "#56606c",
    "banner": "#ffffff",
    "banner-background": "#b3131b",
    "yaml-key": "#0f5aa8",
    "yaml-text": "#3c5f2a",
    "yaml-number": "#8a4b12",
    "yaml-word": "#6d36a3",
    "added": "#1f6b28",
    "removed": "#8f4026",
    "source-1": "#0f5aa8",
    "source-2": "#7a6134",
    "source-3": "#1f6b28",
    "source-4": "#8a2a94",
    "source-5": "#0b6674",
    "source-6": "#85472a",
    "source-7": "#4a4fb0",
    "source-8": "#56660f",
}
# Deuteranopia: blue against orange and yellow, told apart by lightness too (after Okabe and Ito, 2008).
_BLIND: dict[str, str] = {
    **_DARK,
    "ok": "#56b4e9",
    "warn": "#f0e442",
    "breach": "#ff8c3a",
    "unknown": "#d6a6c9",
    "moving": "#a9d6f5",
    "paused": "#9aa7d8",
    "mark": "#f0e442",
    "env-production": "#8f3d00",
    "banner-background": "#ff8c3a",
    "added": "#56b4e9",
    "removed": "#f0a35c",
    "source-1": "#56b4e9",
    "source-2": "#f0e442",
    "source-3": "#c3ccd6",
    "source-4": "#d6a6c9",
    "source-5": "#a9d6f5",
    "source-6": "#e69f00",
    "source-7": "#9aa7d8",
    "source-8": "#d8cf9a",
}
# The terminal's own sixteen colours. Backgrounds stay its default; the cursor is reversed (see the widgets' CSS).
_ANSI: dict[str, str] = {
    "ok": "ansi_green",
    "warn": "ansi_yellow",
    "breach": "ansi_red",
    "unknown": "ansi_magenta",
    "moving": "ansi_cyan",
    "paused": "ansi_blue",
    "idle": "ansi_default",
    "dim": "ansi_default",
    "bright": "ansi_default",
    "accent": "ansi_blue",
    "bright-background": "ansi_default",
    "cursor-background": "ansi_default",
    "cursor-blurred-background": "ansi_default",
    "mark": "ansi_yellow",
    "match": "ansi_default",
    "match-background": "ansi_default",
    "rule": "ansi_default",
    "bar": "ansi_default",
    "key": "ansi_blue",
    "refused": "ansi_default",
    "track": "ansi_default",
    "env": "ansi_bright_white",
    "env-production": "ansi_magenta",
    "env-staging": "ansi_blue",
    "env-development": "ansi_green",
    "env-neutral": "ansi_black",
    "banner": "ansi_bright_white",
    "banner-background": "ansi_red",
    "yaml-key": "ansi_blue",
    "yaml-text": "ansi_default",
    "yaml-number": "ansi_cyan",
    "yaml-word": "ansi_magenta",
    "added": "ansi_green",
    "removed": "ansi_yellow",
    "source-1": "ansi_blue",
    "source-2": "ansi_yellow",
    "source-3": "ansi_green",
    "source-4": "ansi_magenta",
    "source-5": "ansi_cyan",
    "source-6": "ansi_bright_blue",
    "source-7": "ansi_bright_magenta",
    "source-8": "ansi_bright_cyan",
}


def _variables(colours: Mapping[str, str]) -> dict[str, str]:
    return {f"tf-{name}": colour for name, colour in colours.items()}


def _full(colours: Mapping[str, str], foreground: str, background: str, surface: str) -> dict[str, str]:
    """Our variables, and Textual's own where its defaults would be loud."""
    return {
        **_variables(colours),
        "text-muted": colours["dim"],
        "text-disabled": colours["refused"],
        "block-cursor-foreground": foreground,
        "block-cursor-background": colours["cursor-background"],
        "block-cursor-text-style": "none",
        "input-cursor-background": foreground,
        "input-cursor-foreground": background,
        "input-selection-background": colours["cursor-background"],
        "scrollbar": colours["rule"],
        "scrollbar-hover": colours["dim"],
        "scrollbar-active": colours["accent"],
        "scrollbar-background": background,
        "scrollbar-background-hover": background,
        "scrollbar-background-active": background,
        "scrollbar-corner-color": background,
        "border": colours["rule"],
        "border-blurred": colours["rule"],
    }


def _theme(
    name: str,
    colours: Mapping[str, str],
    foreground: str,
    background: str,
    surface: str,
    panel: str,
    *,
    dark: bool,
) -> Theme:
    return Theme(
        name=name,
        primary=colours["accent"],
        secondary=colours["paused"],
        warning=colours["warn"],
        error=colours["breach"],
        success=colours["ok"],
        accent=colours["accent"],
        foreground=foreground,
        background=background,
        surface=surface,
        panel=panel,
        boost=surface,
        dark=dark,
        variables=_full(colours, foreground, background, surface),
    )


THEMES: tuple[Theme, ...] = (
    _theme("tfdash-dark", _DARK, TEXT, GROUND, "#191c21", "#1f2328", dark=True),
    _theme("tfdash-light", _LIGHT, "#22272e", "#fafafa", "#f3f3f4", "#ececee", dark=False),
    _theme("tfdash-colour-blind", _BLIND, "#d3d9e1", "#15181b", "#191c21", "#1f2328", dark=True),
    Theme(
        name="tfdash-ansi",
        ansi=True,
        primary="ansi_blue",
        secondary="ansi_cyan",
        warning="ansi_yellow",
        error="ansi_red",
        success="ansi_green",
        accent="ansi_blue",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        variables={
            **_variables(_ANSI),
            "ansi-background": "ansi_default",
            "ansi-foreground": "ansi_default",
            "text-muted": "ansi_default",
            "text-disabled": "ansi_default",
            "border": "ansi_default",
            "border-blurred": "ansi_default",
            "scrollbar": "ansi_blue",
            "scrollbar-background": "ansi_default",
            "scrollbar-background-hover": "ansi_default",
            "scrollbar-background-active": "ansi_default",
        },
    ),
)
NAMES: dict[str, str] = {
    "dark": "tfdash-dark",
    "light": "tfdash-light",
    "ansi": "tfdash-ansi",
    "colour-blind": "tfdash-colour-blind",
}
"""The configuration's word for a theme -> its name."""


def theme_defaults() -> dict[str, str]:
    """The variables that the widgets' CSS needs, for ``App.get_theme_variable_defaults``."""
    return _variables(_DARK)


def register(app: App[Any], name: str = "dark") -> None:
    """Make our themes known to ``app`` and choose one by the configuration's word."""
    for theme in THEMES:
        app.register_theme(theme)
    app.theme = NAMES.get(name, name)


class ThemedApp(App[None]):
    """An App that has our themes and variables. Under NO_COLOR it sends no colour at all, not even grey."""

    def __init__(self, theme: str = "dark", **options: Any) -> None:
        if "NO_COLOR" in os.environ:  # Textual's filter removes colours only where it does not translate them
            options["ansi_color"] = True
        quick_frames()
        super().__init__(**options)
        register(self, theme)

    def on_mount(self) -> None:
        # Textual comes back from ctrl+z to an empty terminal and paints only what changes from then on.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_defaults()


def token_css(widget: str) -> str:
    """CSS rules that give the component class of every token its colour. ``widget`` is the CSS type they stand under."""
    plain = "".join(f"    & > .tok-{token} {{ color: $tf-{token}; }}\n" for token in TOKENS)
    return (
        f"{widget} {{\n{plain}"
        "    & > .tok-breach { color: $tf-breach; text-style: bold; }\n"
        "    & > .tok-bright { color: $tf-bright; text-style: bold; }\n"
        "    &:ansi > .tok-dim, &:ansi > .tok-idle { text-style: dim; }\n"
        "}\n"
    )


TOKEN_CLASSES: frozenset[str] = frozenset(f"tok-{token}" for token in TOKENS)

"""``tfdash completion``: scripts made from the parser itself, so that they cannot lag behind it."""

from __future__ import annotations

import argparse

from tfdash.cli.output import deliver
from tfdash.cli.parser import OK, build, subcommands


def _commands() -> dict[str, argparse.ArgumentParser]:
    """Every command and, under "COMMAND WHAT", what it can be told to do."""
    found = {}
    for name, parser in subcommands(build()).items():
        found[name] = parser
        found |= {f"{name} {what}": child for what, child in subcommands(parser).items()}
    return found


def _options(parser: argparse.ArgumentParser) -> dict[str, list[str]]:
    """Option -> its values; positional choices under ""."""
    found: dict[str, list[str]] = {}
    for action in parser._actions:
        choices = [str(c) for c in action.choices] if action.choices else []
        for option in action.option_strings:
            found[option] = choices
        if not action.option_strings and choices:
            found[""] = choices
    return found


def command(args: argparse.Namespace) -> int:
    writer = {"bash": bash, "zsh": zsh, "fish": fish}[args.shell]
    return deliver(writer(_commands()), OK)


def bash(commands: dict[str, argparse.ArgumentParser]) -> str:
    cases, values, twofold = [], [], []
    for name, parser in commands.items():
        options = _options(parser)
        words = " ".join([*(o for o in options if o), *options.get("", [])])
        cases.append(f'    "{name}") words="{words}" ;;')
        values += [f'    "{name} {o}") words="{" ".join(v)}" ;;' for o, v in options.items() if o and v]
        if " " in name:
            twofold.append(f'"{name}"')
    first = " ".join(name for name in commands if " " not in name)
    return "\n".join(
        [
            "# bash completion of tfdash; use: source <(tfdash completion bash)",
            "_tfdash() {",
            '  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" cmd="${COMP_WORDS[1]}" words=""',
            f'  if [ "$COMP_CWORD" -eq 1 ]; then words="{first} --help --version"; else',
            f'  if [ "$COMP_CWORD" -gt 2 ]; then case "$cmd ${{COMP_WORDS[2]}}" in {"|".join(twofold)}) cmd="$cmd ${{COMP_WORDS[2]}}" ;; esac; fi',
            '  case "$cmd" in',
            *cases,
            "  esac",
            '  case "$cmd $prev" in',
            *values,
            f'    {"|".join(map(_before, _FILES))}) COMPREPLY=($(compgen -f -- "$cur")); return ;;',
            "  esac",
            "  fi",
            '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
            "}",
            "complete -F _tfdash tfdash kubectl-tfdash",
        ]
    )


def _before(option: str) -> str:
    """The pattern of a word that stands behind the option."""
    return f'*" {option}"'


def zsh(commands: dict[str, argparse.ArgumentParser]) -> str:
    return "\n".join(
        [
            "#compdef tfdash kubectl-tfdash",
            "# zsh completion of tfdash; use: source <(tfdash completion zsh)",
            "autoload -U +X bashcompinit && bashcompinit",
            bash(commands),
        ]
    )


_FILES = ("--config", "--kubeconfig", "--file", "--anchor", "--proof", "--output")


def fish(commands: dict[str, argparse.ArgumentParser]) -> str:
    lines = ["# fish completion of tfdash; use: tfdash completion fish | source", "complete -c tfdash -f"]
    lines += [
        f"complete -c tfdash -n __fish_use_subcommand -a {name}" for name in commands if " " not in name
    ]
    for name, parser in commands.items():
        words = name.split(" ")
        seen = f"-n '{'; and '.join(f'__fish_seen_subcommand_from {word}' for word in words)}'"
        for option, values in _options(parser).items():
            listed = f" -x -a '{' '.join(values)}'" if values else ""
            if option.startswith("--"):
                files = " -r -F" if option in _FILES else ""
                lines.append(f"complete -c tfdash {seen} -l {option[2:]}{listed}{files}")
            elif not option:
                others = f"; and not __fish_seen_subcommand_from {' '.join(values)}"
                lines.append(f"complete -c tfdash {seen[:-1]}{others}' -a '{' '.join(values)}'")
    return "\n".join(lines)

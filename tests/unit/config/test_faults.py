"""Whatever a configuration says where something else is expected: one sentence with file, line and key, never a traceback."""

from __future__ import annotations

import re
from typing import Annotated, get_args, get_origin

import pytest

from tests.unit.config.test_settings import TABLES
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.config.settings import Settings
from tfdash.setting import hints_of, table_in

pytestmark = pytest.mark.long

VALUES = (
    *("1", "-1", "1.5", "-0.0", "nan", "inf", "-inf", "1e999", "9" * 23, "0x" + "f" * 5000, "true"),
    *('""', '" "', '"x"', r'"\u0000"', '"日本\u202e"', '"' + "x" * 5000 + '"', '"""\na\n"""'),
    *("[]", "[[]]", "[1]", '["a", "a"]', "[{}]", "{}", "{ a = 1 }", '{ a = { b = "c" } }'),
    *("1979-05-27T07:32:00Z", "1979-05-27", "07:32:00"),
    *(
        '"60s"',
        '"-5s"',
        '"0s"',
        '"' + "9" * 400 + 'h"',
        '"env:"',
        '"file:"',
        '"command:\'oops"',
        r'"file:a\u0000"',
    ),
)
_PYTHON = re.compile(
    r"Traceback|Error\b|type=|\b(?:str|dict|NoneType|int|float|tuple)\b|Input should|pydantic"
)


def header(at: tuple[str, ...]) -> str:
    """The lines that open a table: ``[a.b]``, or ``[[a]]`` for each list of tables on the way."""
    kind, names, lines = Settings, list[str](), list[str]()
    for number, part in enumerate(at):
        hint = hints_of(kind)[part]
        many = get_origin(get_args(hint)[0] if get_origin(hint) is Annotated else hint)
        names += [part, "p"] if many is dict else [part]
        if many is tuple:
            lines.append(f"[[{'.'.join(names)}]]")
        elif number == len(at) - 1:
            lines.append(f"[{'.'.join(names)}]")
        kind = table_in(hint) or kind  # type: ignore[assignment] # a table within
    return "\n".join(lines)


@pytest.mark.parametrize("at", TABLES, ids=".".join)
def test_no_value_of_any_setting_is_answered_by_less_than_file_line_and_key(at: tuple[str, ...]) -> None:
    for key in hints_of(TABLES[at]):
        for value in VALUES:
            text = f"{header(at)}\n{key} = {value}"
            try:
                parse(text, "c.toml")
            except ConfigError as refused:
                for problem in refused.problems:
                    told = str(problem)
                    assert problem.line and problem.key, (text, told)
                    assert told.startswith(f"c.toml:{problem.line}: {problem.key}: "), told
                    assert not _PYTHON.search(told.replace(value.strip('"'), "")) and len(told) < 1000, (
                        text,
                        told,
                    )


@pytest.mark.parametrize("at", [at for at in TABLES if at], ids=".".join)
def test_a_table_that_is_written_as_something_else_is_told_with_its_line(at: tuple[str, ...]) -> None:
    *over, last = at
    for odd in (f"{last} = 1", f'{last} = "x"', f"{last} = [1]", f"{last} = [[1]]", f"{last} = 1979-05-27"):
        text = f"{header(tuple(over))}\n{odd}"
        with pytest.raises(ConfigError) as caught:
            parse(text, "c.toml")
        for problem in caught.value.problems:
            assert problem.line and problem.key and not _PYTHON.search(str(problem)), (text, str(problem))

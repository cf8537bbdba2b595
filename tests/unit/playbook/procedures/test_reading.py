"""A procedure's file: what is wrong is told with file, line, key and remedy, and nothing else is read out of it."""

from __future__ import annotations

import pytest

from tfdash.config.problems import ConfigError
from tfdash.model.procedure import Procedure, StepKind
from tfdash.playbook.procedures.reading import LARGEST, digest_of, read_procedure
from tfdash.playbook.procedures.vocabulary import Vocabulary
from tfdash.store.log.redact import Redactor

GOOD = """title = "restart"
[roles]
lead = "answers for it"
[[inputs]]
id = "service"
title = "which"
type = "workload"
[[inputs]]
id = "others"
title = "which else"
type = "workload"
many = true
[[steps]]
id = "look"
title = "look at {service.name}"
kind = "manual"
text = "look"
"""
STEP = '[[steps]]\nid = "x"\ntitle = "x"\n'
ALL = Vocabulary(
    actions={"workload.restart": ((), ()), "workload.scale": (("replicas",), ("replicas",))},
    commands={"deploy": (), "switch": ("region",)},
    hosts=("db1",),
    pipelines=("release",),
    needs={"cluster": (True, False), "pipeline": (True, True), "store": (False, False)},
    messages=("started",),
    channels=("team",),
    remembered=Redactor(),
)


def read(text: str) -> Procedure:
    return read_procedure("restart", text, "/etc/p/restart.toml", ALL)


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return [str(one) for one in caught.value.problems]


def test_what_a_file_says() -> None:
    found = read(GOOD)
    assert (found.id, found.title, found.file) == ("restart", "restart", "/etc/p/restart.toml")
    assert found.text == GOOD and found.digest == digest_of(GOOD)
    assert [step.kind for step in found.steps] == [StepKind.MANUAL]


CASES = {
    "an unknown key": ("titel = 'x'\n", "restart.toml:1: titel: there is no such key here; did you mean \"title\"?"),
    "an unknown key of a step": (STEP + 'kind = "manual"\ntext = "t"\nevidnce = ["note"]\n', "steps.1.evidnce: there is no such key"),
    "a key of another kind": (STEP + 'kind = "manual"\ntext = "t"\nretries = 2\n', "retries: is of a step of the kind action or command or check or notify, and this one is a manual"),
    "an unknown kind": (STEP + 'kind = "manuel"\n', 'kind: there is no "manuel"; did you mean "manual"?'),
    "a needed key": (STEP + 'kind = "manual"\n', "steps.1: is a step of the kind manual and has no text; add text = ..."),
    "no id": ('[[steps]]\ntitle = "x"\nkind = "manual"\ntext = "t"\n', "steps.1: has no id"),
    "an id twice": ('[[steps]]\nid = "look"\ntitle = "x"\nkind = "manual"\ntext = "t"\n', 'steps.1.id: "look" stands there twice'),
    "an id that names nothing": (STEP.replace('"x"', '"../x"', 1) + 'kind = "manual"\ntext = "t"\n', 'no name for it'),
    "an id that is made of one": (STEP.replace('"x"', '"x--1"', 1) + 'kind = "manual"\ntext = "t"\n', 'no name for it'),
    "a number for a text": (STEP + 'kind = "manual"\ntext = 3\n', "text: is a number, and must be a text; write it in quotation marks"),
    "a bare duration": (STEP + 'kind = "wait"\nlasts = 5\n', "lasts: 5 is not a duration"),
    "a wait for nothing": (STEP + 'kind = "wait"\n', "waits for nothing"),
    "no time": (STEP + 'kind = "wait"\nuntil = "noon"\n', 'until: "noon" is no time'),
    "an unknown action": (STEP + 'kind = "action"\naction = "workload.restrat"\nsubject = "{service}"\n', 'did you mean "workload.restart"?'),
    "an argument too many": (STEP + 'kind = "action"\naction = "workload.restart"\nsubject = "{service}"\narguments = { replicas = "3" }\n', "arguments.replicas: workload.restart takes no such argument; it takes none"),
    "an argument too few": (STEP + 'kind = "action"\naction = "workload.scale"\nsubject = "{service}"\n', "workload.scale needs replicas"),
    "an argument that may lack": ('[[inputs]]\nid = "size"\ntitle = "x"\ntype = "number"\noptional = true\n' + STEP + 'kind = "action"\naction = "workload.scale"\nsubject = "{service}"\narguments = { replicas = "{size}" }\n', 'size may be left out; add given = ["size"]'),
    "given always": (STEP + 'kind = "manual"\ntext = "t"\ngiven = ["service"]\n', "service is given always"),
    "evidence of nobody": (STEP + 'kind = "wait"\nlasts = "5m"\nevidence = ["note"]\n', "is of what is signed, and this is not"),
    "no object": (STEP + 'kind = "action"\naction = "workload.restart"\nsubject = "checkout"\n', '"checkout" is no object'),
    "an unknown input": (STEP + 'kind = "manual"\ntext = "see {servise}"\n', 'text: there is no input {servise}; did you mean "service"?'),
    "an unknown part": (STEP + 'kind = "manual"\ntext = "see {service.nme}"\n', 'there is no {service.nme}; did you mean "name"?'),
    "a list for one": (STEP + 'kind = "action"\naction = "workload.restart"\nsubject = "{others}"\n', "others is a list, and one is asked for here"),
    "each outside": (STEP + 'kind = "manual"\ntext = "see {each}"\n', "there is no input {each}"),
    "each of one": (STEP + 'kind = "group"\neach = "service"\n[[steps.steps]]\nid = "y"\ntitle = "y"\nkind = "manual"\ntext = "t"\n', "service is one value only"),
    "an unknown command": (STEP + 'kind = "command"\ncommand = "delpoy"\n', '"delpoy" is not in [procedures.commands]; did you mean "deploy"?'),
    "a word with an input in it": (STEP + 'kind = "command"\ncommand = "deploy"\nwords = ["--tag={service}"]\n', "puts an input into a word of its own"),
    "no place": (STEP + 'kind = "command"\ncommand = "deploy"\nplace = "there"\n', '"there" is no place'),
    "an unknown host": (STEP + 'kind = "command"\ncommand = "deploy"\nplace = "host db2"\n', 'no host "db2" is configured'),
    "an unknown need": (STEP + 'kind = "manual"\ntext = "t"\nneeds = ["clusters"]\n', 'did you mean "cluster"?'),
    "a need without its name": (STEP + 'kind = "manual"\ntext = "t"\nneeds = ["pipeline"]\n', 'which pipeline?; write "pipeline NAME"'),
    "a need with a name": (STEP + 'kind = "manual"\ntext = "t"\nneeds = ["store x"]\n', "store is one thing only"),
    "an unknown role": (STEP + 'kind = "approval"\nrole = "boss"\n', 'role: "boss" is none of the roles'),
    "a time for no way": (STEP + 'kind = "approval"\nrole = "oncall"\nalone_after = "15m"\n', "has alone_after, and nobody who is alone could pass it; add alone"),
    "stated times of an unknown message": (STEP + 'kind = "manual"\ntext = "t"\n[status]\nevery = "30m"\nmessage = "begun"\n', 'status.message: there is no "begun"'),
    "stated times without a time": (STEP + 'kind = "manual"\ntext = "t"\n[status]\nmessage = "started"\n', "status: has no every"),
    "an unknown message": (STEP + 'kind = "notify"\nmessage = "begun"\n', 'message: there is no "begun"'),
    "again without an end": (STEP + 'kind = "action"\naction = "workload.restart"\nsubject = "{service}"\nagain = true\n', "again: has no end"),
    "repeated by itself": (STEP + 'kind = "action"\naction = "workload.restart"\nsubject = "{service}"\nretries = 2\n', "repeats by itself what may not be done twice"),
    "one answer": (STEP + 'kind = "decision"\n[[steps.branches]]\nid = "a"\ntitle = "a"\n', "is one answer only"),
    "a branch to what is not there": (STEP + 'kind = "decision"\n[[steps.branches]]\nid = "a"\ntitle = "a"\nsteps = ["look"]\n[[steps.branches]]\nid = "b"\ntitle = "b"\n', '"look" is no step behind it in the same list'),
    "no return in parallel": (STEP + 'kind = "group"\nparallel = true\n[[steps.steps]]\nid = "y"\ntitle = "y"\nkind = "manual"\ntext = "t"\nno_return = "gone"\n', "steps.1.steps.0.no_return: is a point of no return, and stands in a parallel group"),
    "groups without an end": ("[[steps]]\nid='g'\ntitle='g'\nkind='group'\nsteps = " + "[{id='g',title='g',kind='group',steps=" * 60 + "[]" + "}]" * 60, "is more than 4 groups deep"),
    "a date for a text": (STEP + 'kind = 2026-01-01\n', "kind: is a date or time, and must be a text"),
    "a list of tables for a text": ("purpose = [{a = 1}]\n", "purpose: is a list, and must be a text"),
    "a step that is no table": ("steps = 3\n", "steps: is a number, and must be a list"),
    "a NUL": ('purpose = "a\\u0000b"\n', "holds a NUL character"),
    "no TOML": ("title = \n", "not valid TOML"),
    "what a command needs": (STEP + 'kind = "command"\ncommand = "switch"\n', "switch speaks of {region}, which is not known here; add an input region"),
    "what every run has": ('[[inputs]]\nid = "run"\ntitle = "x"\ntype = "text"\n', '"run" is what each run knows by itself'),
    "an input named like one": ('[[inputs]]\nid = "api-key"\ntitle = "x"\ntype = "text"\n', '"api-key" is named like a secret'),
    "an input that is taken for one": ('[[inputs]]\nid = "env"\ntitle = "x"\ntype = "text"\n', '"env" is named like a secret'),
    "a secret": (STEP + 'kind = "manual"\ntext = "with password: hunter22"\n', "restart.toml:22: holds what looks like a secret"),
    "nothing": ("", "has no title"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said_with_its_key_and_remedy(case: str) -> None:
    text, told = CASES[case]
    whole = text if not text.startswith("[[") else GOOD + text
    assert told in "\n".join(faults(whole))


def test_the_line_is_that_of_the_fault() -> None:
    text = GOOD + STEP + 'kind = "manual"\ntext = "t"\nrole = "boss"\n'
    (told,) = faults(text)
    line = text.splitlines().index('role = "boss"') + 1
    assert told.startswith(f"/etc/p/restart.toml:{line}: steps.1.role:")


def test_a_recovery_is_never_stuck_at_an_approval() -> None:
    text = GOOD + STEP + 'kind = "approval"\nrole = "lead"\n'
    assert read(text).steps[1].role == "lead"
    (told,) = faults("recovery = true\n" + text)
    assert "nobody who is alone could pass it" in told and "add alone" in told


def test_by_hand_a_command_need_not_be_configured() -> None:
    step = STEP + 'kind = "command"\ncommand = "other"\nby_hand = "do it yourself"\n'
    assert read(GOOD + step).steps[1].by_hand == "do it yourself"


def test_faults_without_number_are_bounded() -> None:
    text = 'title = "x"\n' + "".join(f"k{i} = 1\n" for i in range(500))
    told = faults(text)
    assert len(told) == 51 and "more faults than these" in told[-1]


def test_what_is_too_large_is_not_read() -> None:
    assert "has more than 256 KB" in faults("#" * (LARGEST + 1))[0]


def test_control_characters_are_shown_and_not_sent() -> None:
    assert all("\x1b" not in one for one in faults('"\\u001b[2Jx" = 1\n'))


def test_a_file_of_no_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="no name of a procedure"):
        read_procedure("../x", GOOD)


HOSTILE = {
    "tables": "[[steps]]\n" * 25_000,
    "keys": "".join(f"k{i}=1\n" for i in range(25_000)),
    "keys of a step": "[[steps]]\n" + "".join(f"k{i}=1\n" for i in range(25_000)),
    "dots": "a" + ".a" * 100_000 + "=1",
    "brackets": "a=" + "[" * 100_000,
    "places": GOOD.replace("look at {service.name}", "{nobody} " * 20_000),
    "a list": GOOD + "needs = [" + ",".join(f"'clustr{i}'" for i in range(10_000)) + "]",
    "steps": "title = 'x'\n"
    + "".join(f"[[steps]]\nid='s{i}'\ntitle='x'\nkind='manual'\ntext='x'\n" for i in range(4_000)),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_was_made_to_hurt_is_refused_in_bounded_words(case: str) -> None:
    told = faults(HOSTILE[case])
    assert 1 <= len(told) <= 51 and all(len(one) < 2_000 for one in told)

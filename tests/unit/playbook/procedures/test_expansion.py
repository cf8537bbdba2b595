"""A procedure for the inputs of one run: groups ``each``, and values put in once."""

from __future__ import annotations

from tfdash.model.procedure import Ask, Procedure
from tfdash.playbook.procedures.expansion import expanded
from tfdash.playbook.procedures.inputs import unfit_inputs
from tfdash.playbook.procedures.reading import read_procedure

TEXT = """title = "restore {services} in {environment}"
holds = ["{services}", "Namespace {space}"]
[[inputs]]
id = "services"
title = "which"
type = "workload"
many = true
[[inputs]]
id = "space"
title = "where"
type = "text"
default = "tf"
[[inputs]]
id = "tag"
title = "which version"
type = "version"
optional = true
[[steps]]
id = "all"
title = "each"
kind = "group"
each = "services"
parallel = true
[[steps.steps]]
id = "up"
title = "{each.name} up in {space}"
kind = "action"
action = "workload.restart"
subject = "{each}"
after = [{ probe = "workload.serving", workload = "{each}", version = "{tag}" }]
[[steps.steps]]
id = "which"
title = "which"
kind = "decision"
[[steps.steps.branches]]
id = "a"
title = "a"
steps = ["last"]
[[steps.steps.branches]]
id = "b"
title = "b"
[[steps.steps]]
id = "last"
title = "last"
kind = "command"
command = "x"
words = ["--for", "{each}", "{tag}", "{services}"]
"""
OWN = {"run": "r-1", "environment": "live", "cluster": "c"}
A, B = "Deployment tf/a", "Deployment tf/b"


def read() -> Procedure:
    return read_procedure("restore", TEXT)


def test_a_group_stands_there_once_for_each_value() -> None:
    found = expanded(read(), {"services": (A, B), "tag": ("1.2",)}, OWN)
    (group,) = found.steps
    assert [step.id for step in group.steps] == [
        "up--1",
        "which--1",
        "last--1",
        "up--2",
        "which--2",
        "last--2",
    ]
    assert [step.subject for step in group.steps if step.subject] == [A, B]
    assert group.steps[3].title == "b up in tf" and group.each == ""
    assert group.steps[4].branches[0].steps == ("last--2",)
    assert group.steps[5].words == ("--for", B, "1.2", A, B)
    assert found.title == f"restore {A}, {B} in live" and found.holds == (A, B, "Namespace tf")
    assert (found.text, found.digest) == (read().text, read().digest)


def test_what_was_left_out_is_left_out_of_words_and_arguments() -> None:
    group = expanded(read(), {"services": (A,)}, OWN).steps[0]
    assert group.steps[0].after == (Ask(probe="workload.serving", arguments=(("workload", A),)),)
    assert group.steps[2].words == ("--for", A, A)


def test_a_value_is_never_taken_for_a_place() -> None:
    found = expanded(read(), {"services": (A,), "space": ("{services} {each} {run}",)}, OWN)
    assert found.steps[0].steps[0].title == "a up in {services} {each} {run}"


def test_what_cannot_be_chosen_is_said() -> None:
    procedure = read()
    assert unfit_inputs(procedure, {"services": (A, B)}) == ()
    told = dict(unfit_inputs(procedure, {"services": ("checkout", A, A), "tag": ("-rf",), "spce": ("x",)}))
    assert 'did you mean "space"?' in told["spce"]
    assert "which a command would take for an option" in told["tag"]
    assert dict(unfit_inputs(procedure, {})) == {"services": "which: choose one"}
    assert "one only" in dict(unfit_inputs(procedure, {"services": (A,), "tag": ("1", "2")}))["tag"]
    assert "is no object" in dict(unfit_inputs(procedure, {"services": ("checkout",)}))["services"]
    assert (
        "cannot be printed"
        in dict(unfit_inputs(procedure, {"services": (A,), "space": ("a\x1bb",)}))["space"]
    )


def test_a_step_whose_input_was_left_out_is_no_part_of_the_run() -> None:
    text = TEXT.replace('id = "last"\n', 'id = "last"\ngiven = ["tag"]\n')
    found = read_procedure("restore", text)
    (group,) = expanded(found, {"services": (A,)}, OWN).steps
    assert [step.id for step in group.steps] == ["up--1", "which--1"]
    assert group.steps[1].branches[0].steps == ()
    (group,) = expanded(found, {"services": (A,), "tag": ("1",)}, OWN).steps
    assert group.steps[1].branches[0].steps == ("last--1",)


def test_what_is_held_is_an_object_whatever_names_it() -> None:
    """A node is chosen by its name alone, and a run that holds it holds a Node."""
    text = """
title = "p"
purpose = "p"
holds = ["{nodes}", "Node {one}", "{space}"]
[[inputs]]
id = "nodes"
title = "n"
type = "node"
many = true
[[inputs]]
id = "one"
title = "n"
type = "node"
[[inputs]]
id = "space"
title = "n"
type = "namespace"
[[steps]]
id = "all"
title = "all"
kind = "group"
each = "nodes"
[[steps.steps]]
id = "at"
title = "the {each.number}. is {each}, since {began}"
kind = "manual"
text = "t"
"""
    given = {"nodes": ("n-1", "n-2"), "one": ("n-3",), "space": ("tf",)}
    found = expanded(read_procedure("p", text), given, {**OWN, "began": "7"})
    assert found.holds == ("Node n-1", "Node n-2", "Node n-3", "Namespace tf")
    assert found.steps[0].steps[1].title == "the 2. is n-2, since 7"

"""[actions] as the configuration has it: the ids that it names are actions of the registry."""

from __future__ import annotations

from dataclasses import dataclass

from tfdash.actions.core.policy import ActionsSettings
from tfdash.setting import Unfit


@dataclass(frozen=True, kw_only=True)
class ActionsTable(ActionsSettings):
    __doc__ = ActionsSettings.__doc__

    def __post_init__(self) -> None:
        """A misspelt id would ask nobody, and run nothing."""
        if not self.second_person and not self.pipelines:
            return
        # all that acts is imported where something is named, and not by each command that only reads
        from tfdash.actions.registry import wrong_for_second_person, wrong_id

        for name in self.second_person:
            if why := wrong_for_second_person(name):
                raise Unfit("second_person", why)
        for name in self.pipelines:
            if why := wrong_id(name):
                raise Unfit(("pipelines", name), why)

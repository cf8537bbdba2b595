"""Settings of guarded actions; ``tfdash.cli.acting`` makes the policy of them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tfdash.actions.names import wrong_for_second_person, wrong_id
from tfdash.config.types import Duration


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PipelineSettings(Table):
    """What an action does instead of its own requests: a command, or an HTTP call that is followed to its end."""

    command: list[str] = Field(default_factory=list)
    url: str = ""
    method: str = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    run: str = ""
    status_url: str = ""
    state: str = "/status"
    good: list[str] = Field(default=["success", "succeeded", "Succeeded", "completed"])
    bad: list[str] = Field(default=["failure", "failed", "Failed", "error", "cancelled", "canceled"])
    within: Duration = 1800.0
    every: Duration = 5.0

    @model_validator(mode="after")
    def _one_way(self) -> PipelineSettings:
        if bool(self.command) is bool(self.url):
            raise ValueError("a pipeline is either a command or an url; give one of the two")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError('url: write it as "https://ci.example.com/..."')
        return self


class ActionsSettings(Table):
    elevation: Duration = 900.0
    plan_expires: Duration = 60.0
    server_timeout: Duration = 15.0
    follow: Duration = 600.0
    bulk_cap: int = Field(default=20, ge=1, le=200)
    drain_timeout: Duration = 900.0
    in_cluster: bool = True
    second_person: list[str] = Field(default_factory=list)
    emergency: bool = True
    gates: dict[str, str] = Field(default_factory=dict)
    shell: list[str] = Field(default=["sh"])
    pipelines: dict[str, PipelineSettings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_actions(self) -> ActionsSettings:
        wrong = [wrong_for_second_person(name) for name in self.second_person]
        wrong += [wrong_id(name) for name in self.pipelines]
        told = [text for text in wrong if text]
        if told:  # a misspelt id would ask nobody
            raise ValueError(told[0])
        return self

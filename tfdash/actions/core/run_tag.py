"""For which step of which run of a procedure something is done: "RUN/STEP/ATTEMPT", in every entry of the audit log that it makes.

So the log itself says after a kill -9 what became of a step: what is done for one is never sent without its entry. It is a
variable of the context since a person's decision reaches the store by many ways, each of which it passes untouched.
"""

from __future__ import annotations

from contextvars import ContextVar

TAG: ContextVar[str] = ContextVar("tfdash step of a run", default="")
KEY = "run"
"""Where it stands in the data of an entry."""

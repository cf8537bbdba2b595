"""A Canary's webhooks: what they answer, and what is told of a no."""

from __future__ import annotations

from urllib.parse import urlsplit

from tfdash.demo.apiserver.objects import Obj, dig, name_of
from tfdash.demo.controllers.flagger.canary_status import analysis_of, set_status, tell
from tfdash.demo.controllers.kernel import Kernel


class Webhooks:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel

    def all_pass(self, canary: Obj, kind: str) -> bool:
        """Whether every hook of a kind says yes; the first that does not is told."""
        for hook in analysis_of(canary).get("webhooks") or ():
            if (hook.get("type") or "rollout") == kind and not self._asked(canary, hook):
                what = "external" if kind == "rollout" else kind
                place = f"{name_of(canary)}.{canary['metadata']['namespace']}"
                tell(
                    self._k,
                    canary,
                    f"Halt {place} advancement {what} check {hook.get('name')} failed",
                    "Warning",
                )
                return False
        return True

    def _asked(self, canary: Obj, hook: Obj) -> bool:
        """A hook's answer: the gates of the simulated tester; any other address passes, as a load test does."""
        path = urlsplit(str(hook.get("url", ""))).path
        if path.startswith(("/gate/", "/rollback/")):
            return self._k.cluster.gates.ask(path, canary["metadata"]["namespace"], name_of(canary))
        return True

    def any_passes(self, canary: Obj, kind: str) -> bool:
        """Whether one hook of a kind says yes."""
        hooks = [h for h in analysis_of(canary).get("webhooks") or () if h.get("type") == kind]
        return any(self._asked(canary, hook) for hook in hooks)

    def confirmed(self, canary: Obj, kind: str, phase: str, words: str) -> bool:
        """Whether all hooks of a kind agree; while one does not, the Canary waits in ``phase``."""
        place = f"{name_of(canary)}.{canary['metadata']['namespace']}"
        for hook in analysis_of(canary).get("webhooks") or ():
            if hook.get("type") != kind:
                continue
            if self._asked(canary, hook):
                tell(self._k, canary, f"{kind.capitalize()} check {hook.get('name')} passed")
                continue
            if dig(canary, "status", "phase") != phase:
                tell(self._k, canary, f"Halt {place} advancement {words} {hook.get('name')}", "Warning")
                if phase == "WaitingPromotion":
                    set_status(self._k, canary, phase=phase, canaryWeight=0, iterations=0)
                elif phase:
                    set_status(self._k, canary, phase=phase)
            return False
        return True

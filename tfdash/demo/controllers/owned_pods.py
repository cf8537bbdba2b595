"""What controllers of pods share: they look again when their own object or one of its pods changes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import controller_of
from tfdash.demo.controllers.kernel import Kernel


class Owning(ABC):
    """Subclasses give ``KIND``, its ``STORED`` resource and ``reconcile``."""

    KIND: ClassVar[str]
    STORED: ClassVar[str]

    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        kernel.store.listen(self.STORED, self._own)
        kernel.store.listen("pods", self._pod)

    @abstractmethod
    def reconcile(self, key: StoreKey) -> None:
        """Look at one object of ``STORED`` again."""

    def _own(self, storage: str, event: Happened) -> None:
        if event.type != DELETED:
            self._k.look(self.reconcile, event.now.key)

    def _pod(self, storage: str, event: Happened) -> None:
        owner = controller_of(event.now.obj)
        if owner is not None and owner["kind"] == self.KIND:
            self._k.look(self.reconcile, (event.now.key[0], owner["name"]))

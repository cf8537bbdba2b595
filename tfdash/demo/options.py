"""What a run of the simulated platform may be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SCENARIOS = tuple(sorted(path.stem for path in (Path(__file__).parent / "scenarios").glob("*.toml")))
"""The shipped ones, by name; the command line names them in its help."""
FOLDER = "tfdash-demo-"  # in the folder for temporary files
AUTHORITY = "tfdash demo"
"""The common name of the certificate authority that each run makes for itself, and by which its servers are known."""
ENVIRONMENTS = ("development", "staging", "production")
SECOND = "colleague.kubeconfig"
"""The file by which a second person comes in, beside who uses a demo: that of the identity ``colleague``."""
MARK = "terrafusion.example/environment"
"""The label of a namespace that says whose it is."""


@dataclass
class DemoOptions:
    """``start`` is the simulated time at which it begins (epoch seconds; None: the scenario's, else now). ``folder`` takes its
    kubeconfig, configuration and certificates (default: a temporary one, removed at the end). ``pods`` sizes the
    ``scale`` scenario. ``ports`` (one for each environment) are free ones where 0.
    """

    scenario: str = "busy"
    seed: int = 1
    speed: float = 1.0
    start: float | None = None
    folder: Path | None = None
    pods: int = 2000
    ports: tuple[int, int, int] = (0, 0, 0)
    history: int = 20_000  # events remembered for each kind: a watch from before them is 410
    bookmark_seconds: float = 60.0  # between bookmarks of a watch; 0: none but those asked for

    def problems(self) -> list[str]:
        """What is wrong with these, one sentence each."""
        found = []
        if not 0 < self.speed <= 3600:
            found.append(f"--speed {self.speed:g}: must be above 0 and at most 3600")
        if not 1 <= self.pods <= 50_000:
            found.append(f"--pods {self.pods}: must be between 1 and 50000")
        if self.history < 1:
            found.append(f"--history {self.history}: must be at least 1")
        if self.bookmark_seconds < 0:
            found.append(f"--bookmark-seconds {self.bookmark_seconds:g}: must not be negative")
        return found

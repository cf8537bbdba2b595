"""One cluster's world, put together: laid down in the past, run up to the present, then left to live."""

from __future__ import annotations

from tfdash.demo.cluster import Cluster
from tfdash.demo.world.kernel import Kernel
from tfdash.demo.world.kubelet import Kubelet
from tfdash.demo.world.layout import Layout

LEAD = 5400.0  # simulated seconds that have passed in the world before it is shown


class World:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.kernel = Kernel(cluster)
        self.kubelet = Kubelet(self.kernel)

    def begin(self, at: float) -> None:
        """Lay everything down as of ``at`` minus the lead."""
        with self.cluster.agenda.pretending(at - LEAD):
            Layout(self.cluster, self.kubelet, at - LEAD).everything()

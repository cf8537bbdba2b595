"""What the recordings of real parts that are fixtures of the tests show: a scene each, played on a cluster of its own."""

"""What a server counts, for Prometheus; of several processes together."""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where the library keeps the counts of several processes; set before it is loaded
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Figures:
    """Counts of one server."""

    def __init__(self):
        self._registry = CollectorRegistry()
        of = {"registry": self._registry}
        self.requests = Counter("seq2seq_requests", "Requests by path and status.", ["path", "status"], **of)
        self.seconds = Histogram("seq2seq_seconds", "From a request to its answer.", ["path"], buckets=_SECONDS, **of)
        self.waiting = Gauge("seq2seq_waiting", "Texts and other work that wait.", multiprocess_mode="livesum", **of)
        sizes = [2**power for power in range(11)]
        self.batches = Histogram("seq2seq_batch_size", "Texts, or other work, in a batch.", buckets=sizes, **of)
        self.busy = Counter("seq2seq_busy_seconds", "In which models computed.", **of)
        self.steps = Counter("seq2seq_stream_steps", "Steps of streams that were answered.", **of)

    def batch(self, count: int, seconds: float) -> None:
        """Count a batch."""
        self.batches.observe(count)
        self.busy.inc(seconds)

    def text(self) -> bytes:
        """All of it as Prometheus reads it."""
        if FOLDER not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)
        return generate_latest(together)

"""A model that reads given targets instead of searching for its own: what it believes of each of their tokens, and what
it attends to meanwhile.

Translations are scored, re-ranked, aligned and mended by this one pass, which costs as much as a greedy search: the
recurrent layers run over whole targets in one call, and only real tokens meet the output layer.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from seq2seq.inference.loaded import Threads, forced_graph
from seq2seq.inference.search import length_batches
from seq2seq.text.tokens import TokenRows, pad_rows


class ForcedReader:
    """Reads any number of targets, those of similar lengths together.

    Args:
        model: `EncoderDecoder`, an `Ensemble` of some, or the `ExportedTranslator` of a folder.
        workers: int. Batches that are read at once.
    """

    def __init__(self, model: Any, workers: int = 1):
        self.model, self._threads, self._graphs = model, Threads(model, workers), {}

    def read(
        self,
        source: TokenRows,
        labels: TokenRows,
        batch_tokens: int,
        result: Callable,
        *,
        attended: bool = False,
        blank: np.ndarray | None = None,
    ) -> list[Any]:
        """Read a target for each source.

        Args:
            source: `TokenRows`, without EOS.
            labels: `TokenRows`, as many, with EOS where one is to be scored.
            batch_tokens: int. Padded tokens in a batch, on the longer side.
            result: function of the number of a row, the log-probabilities of its labels, float32 `(labels,)`, and what
                these attend to, float32 `(labels, source_steps)`, or `None` unless `attended`.
            attended: bool. Whether attention is wanted.
            blank: bool array, `(rows,)`. Rows that are not read; by default all are.

        Returns:
            What `result` gives for each row; `None` where it is blank.
        """
        pool = self._threads.pool()
        graph = self._graphs.get(attended) or self._graphs.setdefault(attended, forced_graph(self.model, attended))
        results = [None] * len(source)

        def read(batch):
            rows = pad_rows(source.take(batch)), pad_rows(labels.take(batch), end=False)
            log_probabilities, *weights = map(np.asarray, graph(*rows))
            for k, (row, length) in enumerate(zip(batch, labels.lengths[batch], strict=True)):
                seen = weights[0][k, :length] if attended else None
                results[row] = result(row, log_probabilities[k, :length].copy(), seen)

        # EOS is counted by `length_batches`, which leaves out what has no length.
        lengths = np.maximum(np.maximum(source.lengths, labels.lengths - 1), 1)
        lengths = lengths if blank is None else np.where(blank, 0, lengths)
        for _ in pool.map(read, length_batches(lengths, batch_tokens)):
            pass
        return results

"""A beginning in, a text that goes on out: a trained language model, loaded."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from seq2seq.config import LanguageConfig
from seq2seq.decoding import Sampling, greedy_search
from seq2seq.decoding.greedy import most_probable
from seq2seq.device import multiplies_in
from seq2seq.errors import InputError
from seq2seq.inference.loaded import graph, open_run
from seq2seq.models import LanguageModel
from seq2seq.report import Report
from seq2seq.special_ids import UNK
from seq2seq.text.tokenizer import load_tokenizer
from seq2seq.text.tokens import SPECIAL_PIECES, Tokenizer

TASK = "language-model"
NO_PROMPT = "\n"  # what stands in for one, and is not shown


def build_model(config: LanguageConfig, tokenizer: Tokenizer, dtype="float32") -> LanguageModel:
    """The model of a configuration and its tokenizer."""
    return LanguageModel(tokenizer.vocabulary_size, dtype=dtype, **vars(config.model))


class Writer:
    """A trained language model with its tokenizer.

    ```python
    writer = Writer.load("runs/poet")
    print(writer.write("Il était", 400, Sampling(temperature=0.8, seed=1))[0])
    ```

    Args:
        config: `LanguageConfig`.
        tokenizer: character tokenizer.
        model: `LanguageModel`.
        report: `Report` that hears of characters that the model does not know.
    """

    def __init__(self, config, tokenizer, model, report=None):
        self.config, self.tokenizer, self.model = config, tokenizer, model
        self.report = report or Report()
        self._graphs = {}

    @classmethod
    def load(cls, run_dir: str | Path, report: Report | None = None) -> "Writer":
        """Load a run directory, made on this machine or another, on a CPU or a GPU.

        Raises:
            InputError: not a run of a language model, no weights yet, damaged, or written by a newer version.
        """
        run, config = open_run(run_dir, TASK, LanguageConfig)
        tokenizer = load_tokenizer(run.tokenizer_file("text"))
        precision = config.training.precision
        model = build_model(config, tokenizer, precision if multiplies_in(precision) else "float32")
        run.load_weights(model)
        return cls(config, tokenizer, model, report)

    def write(self, prompt: str = "", length: int = 400, sampling: Sampling | None = None, count: int = 1) -> list[str]:
        """Continue a text.

        Args:
            prompt: str. The text so far, read before the first character is written; with none the model is in front
                of a new line.
            length: int. Characters to write.
            sampling: `Sampling`, or `None` for the most probable character each time, which soon repeats itself.
            count: int. Continuations, each with random numbers of its own.

        Returns:
            The continuations, `count` strings of `length` characters, without the prompt.

        Raises:
            InputError: a number out of range, a prompt that is no Unicode, or none where the text had no line breaks.
        """
        for name, value in (("length", length), ("count", count)):
            if value < 1:
                raise InputError(f"Expected {name} of at least 1, got {value}.")
        ids = np.tile(self._ids(prompt), (count, 1))
        write = self._graphs.get(sampling) or self._graphs.setdefault(sampling, self._graph(sampling))
        tokens, _ = write(ids, np.full(count, length, np.int32), np.arange(count, dtype=np.int32))
        return self.tokenizer.decode(tokens.numpy())

    def _ids(self, prompt):
        try:
            ids = self.tokenizer.encode([prompt or NO_PROMPT])[0]
        except UnicodeEncodeError as error:
            raise InputError(f"The prompt {prompt!r} is not UTF-8.") from error
        unknown = "".join(dict.fromkeys(c for c, i in zip(prompt or NO_PROMPT, ids, strict=True) if i == UNK))
        if unknown and not prompt:
            raise InputError("The model's text had no line breaks, so a prompt is needed: give one.")
        if unknown:
            self.report.warn(f"the model's text had no {unknown!r}: read as an unknown character")
        return ids

    def _graph(self, sampling):
        """`(prompts, limits, streams)` → tokens and their scores; traced once for each way to choose."""
        model, row = self.model, tf.TensorSpec((None,), tf.int32)
        # Of the ids that stand for no character, which a text of characters cannot hold, none may be written.
        is_character = tf.range(model.vocabulary_size) >= len(SPECIAL_PIECES)

        def step(tokens, state):
            logits, state = model.continue_step(tokens, state)
            return tf.where(is_character, logits, -1e9), state

        def write(prompts, limits, streams):
            select = most_probable if sampling is None else sampling.selector(streams)
            return greedy_search(step, model.start(prompts), limits, select)

        return graph(write, tf.TensorSpec((None, None), tf.int32), row, row)

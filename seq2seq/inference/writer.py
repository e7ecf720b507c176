"""A beginning in, a text that goes on out: a trained language model, loaded."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seq2seq.config import LanguageConfig
from seq2seq.decoding.sampling import Sampling
from seq2seq.errors import InputError
from seq2seq.inference.loaded import open_run, precision_for, write_graph
from seq2seq.report import Report
from seq2seq.runtime.folder import ExportedRun
from seq2seq.runtime.texts import ExportedWriter
from seq2seq.special_ids import UNK
from seq2seq.text.tokenizer import load_tokenizer
from seq2seq.text.tokens import Tokenizer

if TYPE_CHECKING:
    from seq2seq.models import LanguageModel

TASK = "language-model"
NO_PROMPT = "\n"  # what stands in for one, and is not shown


def build_model(config: LanguageConfig, tokenizer: Tokenizer, dtype: Any = "float32") -> "LanguageModel":
    """The model of a configuration and its tokenizer."""
    from seq2seq.models import LanguageModel

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
        model: `LanguageModel`, or the `ExportedWriter` of a folder.
        report: `Report` that hears of characters that the model does not know.
    """

    def __init__(self, config: LanguageConfig, tokenizer: Tokenizer, model: Any, report: Report | None = None) -> None:
        self.config, self.tokenizer, self.model = config, tokenizer, model
        self.report = report or Report()
        self._graphs = {}

    @classmethod
    def load(cls, run_dir: str | Path, report: Report | None = None) -> "Writer":
        """Load a run directory, made on this machine or another, on a CPU or a GPU; or an exported folder.

        Raises:
            InputError: not a run of a language model, no weights yet, damaged, or written by a newer version.
        """
        run, config = open_run(run_dir, TASK, LanguageConfig)
        tokenizer = load_tokenizer(run.tokenizer_file("text"))
        if isinstance(run, ExportedRun):
            return cls(config, tokenizer, ExportedWriter(run, tokenizer.vocabulary_size), report)
        model = build_model(config, tokenizer, precision_for(config.training.precision))
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
        write = write_graph(self.model, sampling, self._graphs)
        tokens, _ = write(ids, np.full(count, length, np.int32), np.arange(count, dtype=np.int32))
        return self.tokenizer.decode(np.asarray(tokens))

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

"""Language modelling: train a model of a text's characters, and let it write on."""

import gzip
import math
import zlib
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from seq2seq.config import LanguageConfig, from_mapping
from seq2seq.decoding import Sampling, greedy_search
from seq2seq.decoding.greedy import most_probable
from seq2seq.errors import InputError
from seq2seq.interruption import Interruption
from seq2seq.models import LanguageModel
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.series.chunks import ChunkBatches
from seq2seq.text.tokenizer import load_tokenizer, train_tokenizer
from seq2seq.text.tokens import SPECIAL_PIECES, UNK, Tokenizer
from seq2seq.training.device import multiplies_in, use_device
from seq2seq.training.loop import Training
from seq2seq.training.losses import TokenCrossEntropy
from seq2seq.training.metrics import CrossEntropy, TokenAccuracy

TASK = "language-model"
NO_PROMPT = "\n"  # what stands in for one, and is not shown


def train(
    config: LanguageConfig,
    run_dir: str | Path,
    *,
    resume: bool = False,
    report: Report | None = None,
    interruption: Interruption | None = None,
) -> dict:
    """Train a character language model on a text into a run directory.

    Args:
        config: `LanguageConfig`.
        run_dir: folder for the run; made if missing.
        resume: go on with the run that is there, if one is, from its last checkpoint on.
        report: `Report`.
        interruption: `Interruption` that may stop it, or `None`.

    Returns:
        The figures of the best epoch, as in the run's metrics.json.

    Raises:
        InputError: text or run directory that cannot be used.
    """
    report = report or Report()
    resume = Run.check(run_dir, resume)
    train_text, valid_text = split_text(read_text(config.data.text), config.data.valid_share, config.data.text)
    run = Run.start(run_dir, TASK, config, {"data.text": [Path(config.data.text)]}, resume)
    tokenizer = _tokenizer(config, train_text, run)

    device = use_device()
    keras.utils.set_random_seed(config.seed)
    batches, valid_batches = _batches(config, tokenizer, train_text, valid_text, report)
    model = build_model(config, tokenizer, config.training.precision)
    precision = config.training.precision
    report.say(f"running on {device} in {precision}; the model has {model.count_params():,} weights")
    if not multiplies_in(precision):
        report.warn(f"this device has no fast products in {precision}: --set training.precision=float32 is faster here")
    training = Training(
        model,
        TokenCrossEntropy(config.training.label_smoothing),
        lambda epoch: batches,
        _validation(model, valid_batches),
        config.training,
        run,
        report,
        interruption,
    )
    metrics = training.fit() | {"train_characters": len(train_text)}
    run.write_metrics(metrics)
    return metrics


def build_model(config: LanguageConfig, tokenizer: Tokenizer, dtype="float32") -> LanguageModel:
    """The model of a configuration and its tokenizer."""
    return LanguageModel(tokenizer.vocabulary_size, dtype=dtype, **vars(config.model))


def read_text(path: str | Path) -> str:
    r"""Read a UTF-8 text, every character of it, `\r` and runs of spaces too; only a byte order mark is dropped.

    Args:
        path: a file, gzip if its name ends in `.gz`.

    Raises:
        InputError: the file cannot be opened, is a damaged gzip file, is empty, or is not UTF-8 text (says where).
    """
    try:
        with gzip.open(path) if str(path).endswith(".gz") else open(path, "rb") as stream:
            content = stream.read().removeprefix(b"\xef\xbb\xbf")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is not a whole gzip file ({error}): make or download it again.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not content:
        raise InputError(f"{path} is empty: give a file with some text.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"line {content.count(10, 0, error.start) + 1}: the byte 0x{content[error.start]:02x}"
        raise InputError(f"{path}, {where} is not UTF-8; convert with iconv -f latin1 -t utf-8.") from error
    if "\0" in text:
        raise InputError(f"{path} holds NUL bytes: is it a binary or UTF-16 file? Expected UTF-8 text.")
    return text


def split_text(text: str, valid_share: float, name: str = "the text") -> tuple[str, str]:
    """Training and validation part; the second is the end of the text, about `valid_share` of it.

    Raises:
        InputError: one of them has not two characters, one to read and one to predict.
    """
    first_valid = round(len(text) * (1.0 - valid_share))
    parts = text[:first_valid], text[first_valid:]
    if min(map(len, parts)) < 2:
        raise InputError(
            f"{name} has {len(text):,} characters, too few for a training part and a validation part of "
            f"{valid_share:.0%} (data.valid_share): each needs at least 2."
        )
    return parts


def connected_parts(ids: np.ndarray, slots: int, chunk: int) -> list[np.ndarray]:
    """Cut a text into connected parts of equal length (within one character), to be read side by side.

    Each part ends with the character that the next begins with: it is predicted there, and read here. So every
    character of the text but the first is predicted once.

    Args:
        ids: int array `(characters,)`, at least 2.
        slots: int. How many parts; fewer where a part would be shorter than a chunk.
        chunk: int. Characters in a chunk.

    >>> [part.tolist() for part in connected_parts(np.arange(7), slots=2, chunk=2)]
    [[0, 1, 2, 3], [3, 4, 5, 6]]
    """
    predicted = len(ids) - 1
    slots = max(1, min(slots, predicted // chunk))
    borders = [predicted * j // slots for j in range(slots + 1)]
    return [ids[first : last + 1] for first, last in pairwise(borders)]


def _tokenizer(config, text, run):
    """The characters of the training part, saved in the run; `data.min_count` alone limits their number."""
    if run.checkpoints():
        return load_tokenizer(run.tokenizer_file("text"))
    size = len(set(text)) + len(SPECIAL_PIECES)
    tokenizer = train_tokenizer("char", [text], vocabulary_size=size, min_count=config.data.min_count)
    tokenizer.save(run.tokenizer_stem("text"))
    return tokenizer


def _batches(config, tokenizer, train_text, valid_text, report):
    """Training and validation batches, and a table of what they are."""
    data, batches, rows = config.data, [], []
    for name, text in (("training", train_text), ("validation", valid_text)):
        ids = tokenizer.encode([text])[0]
        parts = connected_parts(ids, data.slots, data.chunk)
        batches.append(ChunkBatches(parts, chunk=data.chunk, slots=len(parts)))
        slots = f"{len(parts)} of {len(parts[0]):,}"
        rows.append((name, f"{len(ids):,}", f"{np.mean(ids == UNK):.3%}", slots, f"{len(batches[-1]):,}"))
    report.table(
        f"Text of {tokenizer.vocabulary_size - len(SPECIAL_PIECES):,} different characters, in chunks of {data.chunk}",
        ("", "characters", "unknown", "parts side by side", "batches"),
        rows,
    )
    return batches


def _validation(model, batches):
    """Scores the held-out end of the text, its parts read in connected chunks; traced once."""
    cross_entropy, accuracy = CrossEntropy(), TokenAccuracy()

    @tf.function(reduce_retracing=True, autograph=False)
    def update(tokens, fresh, targets, states):
        states = tf.nest.map_structure(lambda part: tf.where(fresh[:, None], 0.0, part), states)
        logits, states = model.run(tokens, states)
        cross_entropy.update_state(targets, logits)
        accuracy.update_state(targets, logits)
        return states

    def validate():
        cross_entropy.reset_state()
        accuracy.reset_state()
        states = model.initial_state(batches.slots)
        for (tokens, fresh), targets in batches.epoch():
            states = update(tokens, fresh, targets, states)
        return {**figures_of(float(cross_entropy.result())), "accuracy": float(accuracy.result())}

    return validate


def figures_of(loss: float) -> dict[str, float]:
    """`loss`, nats per character, also as `perplexity` and as `bits_per_character`."""
    return {"loss": loss, "perplexity": math.exp(min(loss, 700.0)), "bits_per_character": loss / math.log(2.0)}


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
        run = Run.open(run_dir, TASK)
        try:
            config = from_mapping(LanguageConfig, run.config)
        except InputError as error:
            raise InputError(f"{run.path}: its config.json cannot be used: {error}") from error
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
        graph = self._graphs.get(sampling) or self._graphs.setdefault(sampling, self._graph(sampling))
        tokens, _ = graph(ids, np.full(count, length, np.int32), np.arange(count, dtype=np.int32))
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

        @tf.function(input_signature=(tf.TensorSpec((None, None), tf.int32), row, row), autograph=False)
        def graph(prompts, limits, streams):
            select = most_probable if sampling is None else sampling.selector(streams)
            return greedy_search(step, model.start(prompts), limits, select)

        return graph

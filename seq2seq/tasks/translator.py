"""Strings in, translations out: a trained run, loaded."""

import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from seq2seq.config import DecodingConfig, TranslationConfig, from_mapping
from seq2seq.decoding import Sampling, beam_search, greedy_search
from seq2seq.decoding.greedy import most_probable
from seq2seq.errors import InputError
from seq2seq.models import EncoderDecoder
from seq2seq.models.translator import DecoderState
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.text.batching import pad_rows
from seq2seq.text.corpus import normalize
from seq2seq.text.tokenizer import load_tokenizer
from seq2seq.text.tokens import BOS, PAD, Tokenizer, TokenRows
from seq2seq.training.device import multiplies_in, share_cores

LINES_AT_ONCE = 8192  # read, sorted by length and batched together: bounds memory, whatever the file's size


@dataclass(frozen=True)
class Hypothesis:
    """One translation: plain text and its score in nats, log-probability / length ** length_penalty."""

    text: str
    score: float


@dataclass(frozen=True)
class Attention:
    """What the decoder looked at: `weights`, float32 `(target_pieces, source_pieces)`, each row summing to 1."""

    weights: np.ndarray
    source_pieces: list[str]
    target_pieces: list[str]
    text: str


def build_model(config: TranslationConfig, source: Tokenizer, target: Tokenizer, dtype="float32") -> EncoderDecoder:
    """The model of a configuration and its tokenizers."""
    arguments = {name: value for name, value in vars(config.model).items() if name != "tie_source"}
    return EncoderDecoder(
        source.vocabulary_size,
        target.vocabulary_size,
        tie_source=config.model.tie_source and config.text.shares_vocabulary,
        dtype=dtype,
        **arguments,
    )


class Translator:
    """A trained model with its tokenizers.

    ```python
    translator = Translator.load("runs/ende")
    translator.translate(["A man is riding a bike."], beam_size=5)
    ```

    Args:
        config: `TranslationConfig`; its `decoding` section holds the defaults of every search.
        source: tokenizer of the source side.
        target: tokenizer of the target side.
        model: `EncoderDecoder`.
        report: `Report` that hears of inputs that had to be cut.
        workers: int. Batches that are searched at once; what `share_cores` says.
    """

    def __init__(self, config, source, target, model, report=None, workers=1):
        self.config, self.source, self.target, self.model, self.workers = config, source, target, model, workers
        self._pool = None
        self.report = report or Report()
        self._searches = {}

    @classmethod
    def load(cls, run_dir: str | Path, report: Report | None = None) -> "Translator":
        """Load a run directory, made on this machine or another, on a CPU or a GPU.

        On a CPU of two to four cores, where nothing has run in TensorFlow yet, its operations get one thread each, and
        as many batches are translated at once as there are cores, see `share_cores`.

        Raises:
            InputError: not a translation run, no weights yet, damaged, or written by a newer version.
        """
        run = Run.open(run_dir, "translation")
        workers = share_cores()
        try:
            config = from_mapping(TranslationConfig, run.config)
        except InputError as error:
            raise InputError(f"{run.path}: its config.json cannot be used: {error}") from error
        source = load_tokenizer(run.tokenizer_file("source"))
        target = source if config.text.shares_vocabulary else load_tokenizer(run.tokenizer_file("target"))
        # In the precision of its training where the device is fast in it; the weights are float32 in any case.
        precision = config.training.precision
        model = build_model(config, source, target, precision if multiplies_in(precision) else "float32")
        run.load_weights(model)
        return cls(config, source, target, model, report, workers)

    def translate(self, texts: Iterable[str], **search) -> list[str]:
        """Translate strings; a blank one gives a blank one.

        Args:
            texts: strings.
            **search: as for `stream`.

        Returns:
            The best translation of each.
        """
        if isinstance(texts, str):
            raise InputError(f"translate expects a list of strings, got the string {texts!r}: write translate([text]).")
        return [hypotheses[0].text if hypotheses else "" for hypotheses in self.stream(texts, **search)]

    def stream(
        self,
        lines: Iterable[str],
        *,
        beam_size: int | None = None,
        length_penalty: float | None = None,
        n_best: int = 1,
        max_length_ratio: float | None = None,
        batch_tokens: int | None = None,
        sampling: Sampling | None = None,
    ) -> Iterator[list[Hypothesis]]:
        """Translate any number of lines with bounded memory.

        Args:
            lines: strings.
            beam_size: int. 1 is greedy search. Default of this and the next ones: the run's `decoding` section.
            length_penalty: float. Of beam search: scores are log-probability / length ** length_penalty.
            n_best: int, at most `beam_size`. Hypotheses for each line.
            max_length_ratio: float. A translation has at most this many tokens per source token, and some extra.
            batch_tokens: int. Padded source tokens · beams in a batch.
            sampling: `Sampling`, to draw translations instead of searching for the most probable.

        Yields:
            For each line, in order, its hypotheses, best first; none for a blank line.
        """
        settings = self._settings(beam_size, length_penalty, max_length_ratio, batch_tokens)
        if not 1 <= n_best <= settings.beam_size:
            raise InputError(
                f"{n_best} best translations need a beam of at least as many: got beam size {settings.beam_size}, "
                f"set --beam-size {max(n_best, 1)}."
            )
        if sampling is not None and settings.beam_size > 1:
            raise InputError(
                f"Sampling draws one translation for each line, so beam_size={settings.beam_size} must be 1."
            )
        search = self._search(settings.beam_size, settings.length_penalty, n_best, sampling)
        lines, position = iter(lines), 0
        while chunk := list(itertools.islice(lines, LINES_AT_ONCE)):
            yield from self._translate_chunk(chunk, position, settings, n_best, search)
            position += len(chunk)

    def _settings(self, beam_size, length_penalty, max_length_ratio, batch_tokens) -> DecodingConfig:
        given = {
            "beam_size": beam_size,
            "length_penalty": length_penalty,
            "max_length_ratio": max_length_ratio,
            "batch_tokens": batch_tokens,
        }
        return from_mapping(
            DecodingConfig,
            {**vars(self.config.decoding), **{name: value for name, value in given.items() if value is not None}},
            "decoding.",
        )

    def _translate_chunk(self, lines, position, settings, n_best, search):
        rows = self._encode(lines, position, settings.max_source_tokens)
        results = [[] for _ in lines]

        def translated(batch):
            source = rows.take(batch)
            limits = np.ceil(settings.max_length_ratio * source.lengths) + settings.max_length_extra
            tokens, scores = search(pad_rows(source), limits.astype(np.int32), (position + batch).astype(np.int32))
            return batch, tokens.numpy(), scores.numpy()

        batches = length_batches(rows.lengths, settings.batch_tokens // settings.beam_size)
        for batch, tokens, scores in self._at_once(translated, batches):
            texts = self.target.decode(tokens.reshape(-1, tokens.shape[-1]))
            for k, line in enumerate(batch):
                results[line] = [
                    Hypothesis(texts[k * n_best + n], float(scores[k, n]))
                    for n in range(n_best)
                    if scores[k, n] > -1e29  # a narrow beam over a tiny vocabulary may end with fewer
                ]
        return results

    def _at_once(self, function, parts):
        """`map`, several at a time where it pays: results still come in order."""
        if self.workers == 1:
            return map(function, parts)
        self._pool = self._pool or ThreadPoolExecutor(self.workers)
        return self._pool.map(function, parts)

    def _encode(self, lines, position, longest) -> TokenRows:
        rows = self.source.encode([normalize(line) for line in lines])
        if (rows.lengths > longest).any():
            for line in np.flatnonzero(rows.lengths > longest):
                self.report.warn(
                    f"input line {position + line + 1} has {rows.lengths[line]:,} tokens and is cut to {longest:,} "
                    "(decoding.max_source_tokens)"
                )
            rows = TokenRows.from_rows([rows[i][:longest] for i in range(len(rows))])
        return rows

    def _search(self, beam_size, length_penalty, n_best, sampling):
        """One compiled graph for each kind of search; any batch and any length runs in it without a new trace."""
        key = (beam_size, length_penalty, n_best, sampling)
        if key not in self._searches:
            self._searches[key] = self._make_search(*key)
        return self._searches[key]

    def _make_search(self, beam_size, length_penalty, n_best, sampling):
        model = self.model
        row = tf.TensorSpec((None,), tf.int32)
        # No label is ever PAD or BOS, so no translation may hold them, however little the model has learned.
        never = tf.one_hot((PAD, BOS), model.decoder.vocabulary_size, on_value=-1e9, off_value=0.0)
        never = tf.reduce_sum(never, axis=0)

        @tf.function(input_signature=(tf.TensorSpec((None, None), tf.int32), row, row), autograph=False)
        def search(source, limits, streams):
            cells, memory = model.start(source, beam_size)
            decoder_step = model.decoder.stepper()

            def step(tokens, cells, memory):
                logits, state, _ = decoder_step(tokens, DecoderState(cells, memory or None))
                return logits + never, state.cells

            memory = memory or ()  # without attention there is none
            if beam_size == 1:
                select = most_probable if sampling is None else sampling.selector(streams)
                tokens, scores = greedy_search(step, cells, limits, select, memory)
                lengths = tf.math.count_nonzero(tokens, axis=1, dtype=tf.float32)
                return tokens[:, None], (scores / lengths**length_penalty)[:, None]
            return beam_search(step, cells, limits, beam_size, length_penalty, n_best, memory)

        return search

    def attention(self, text: str, **search) -> Attention:
        """Translate `text` and tell what each target token attended to.

        Raises:
            InputError: the model has no attention, or `text` is blank.
        """
        if self.model.decoder.attention is None:
            raise InputError("This model has no attention (model.attention=none), so there is nothing to draw.")
        if not text.strip():
            raise InputError("The text to draw the attention of is blank.")
        translation = self.translate([text], **search)[0]
        source = self._encode([text], 0, self.config.decoding.max_source_tokens)
        target = self.target.encode([translation])[0]
        state = self.model.decoder.initial_state(self.model.encoder(pad_rows(source)))
        weights = self.model.decoder.attention_weights(np.concatenate(([BOS], target))[None].astype(np.int32), state)
        return Attention(
            weights[0].numpy(),
            [*self.source.pieces(source[0]), "</s>"],
            [*self.target.pieces(target), "</s>"],
            translation,
        )


def length_batches(lengths, batch_tokens) -> Iterator[np.ndarray]:
    """Indices of non-empty rows by length, cut so that padded tokens, EOS included, stay within `batch_tokens`."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    end = len(order)
    while end:  # from the longest on, so that the width of a batch is that of its first row
        size = max(1, batch_tokens // (int(lengths[order[end - 1]]) + 1))
        yield order[max(end - size, 0) : end]
        end = max(end - size, 0)

"""Strings in, translations out: a trained run, loaded."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seq2seq.config import DecodingConfig, TranslationConfig, from_mapping
from seq2seq.decoding import Sampling
from seq2seq.device import multiplies_in, share_cores
from seq2seq.errors import InputError
from seq2seq.inference.search import Search, length_batches, search_graph
from seq2seq.models import EncoderDecoder
from seq2seq.report import Progress, Report
from seq2seq.run import Run
from seq2seq.special_ids import BOS
from seq2seq.text.corpus import normalize
from seq2seq.text.tokenizer import load_tokenizer
from seq2seq.text.tokens import Tokenizer, TokenRows, pad_rows

LINES_AT_ONCE = 8192  # read, sorted by length and batched together: bounds memory, whatever the file's size


@dataclass(frozen=True)
class Hypothesis:
    """One translation: plain text and, where it was asked for, its score in nats, log-probability / length **
    length_penalty."""

    text: str
    score: float | None


@dataclass(frozen=True)
class Attention:
    """What the decoder looked at: `weights`, float32 `(target_pieces, source_pieces)`, each row summing to 1."""

    weights: np.ndarray
    source_pieces: list[str]
    target_pieces: list[str]
    text: str


def build_model(config: TranslationConfig, source: Tokenizer, target: Tokenizer, dtype="float32") -> EncoderDecoder:
    """The model of a configuration and its tokenizers."""
    beside = ("tie_source", "source_vectors", "target_vectors")  # weights come from the training or the run
    arguments = {name: value for name, value in vars(config.model).items() if name not in beside}
    return EncoderDecoder(
        source.vocabulary_size,
        target.vocabulary_size,
        tie_source=config.shares_embedding,
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
        config = run.read_config_as(TranslationConfig)
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
        found = self.stream(texts, scored=False, **search)
        return [hypotheses[0].text if hypotheses else "" for hypotheses in found]

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
        scored: bool = True,
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
            scored: bool. Whether scores are wanted: greedy search is faster without.

        Yields:
            For each line, in order, its hypotheses, best first; none for a blank line.
        """
        search = self._search_for(beam_size, length_penalty, n_best, max_length_ratio, batch_tokens, sampling, scored)
        lines = iter(lines)
        chunks = iter(lambda: list(itertools.islice(lines, LINES_AT_ONCE)), [])
        for hypotheses in self._in_turn(chunks, search, ahead=0):
            yield from hypotheses

    def stream_chunks(
        self, chunks: Iterable[Sequence[str]], *, progress: Progress | None = None, **search
    ) -> Iterator[list[list[Hypothesis]]]:
        """Translate lists of lines, each by itself: what becomes of a line depends on its own list alone.

        While one list is searched the next is read and encoded, and the one before it decoded, so that a GPU waits
        for no text.

        Args:
            chunks: lists of strings, of some thousands: only lines of one list share a batch.
            progress: `Progress` that counts the lines, batch by batch.
            **search: as for `stream`.

        Yields:
            For each list, in order, what `stream` gives for its lines.
        """
        return self._in_turn(chunks, self._search_for(**search), ahead=1, progress=progress)

    def search_settings(self, **search) -> dict[str, float]:
        """What a search with the arguments of `stream` goes by: its own ones and the run's `decoding` section."""
        return dict(vars(self._search_for(**search).settings))

    def _search_for(
        self,
        beam_size=None,
        length_penalty=None,
        n_best=1,
        max_length_ratio=None,
        batch_tokens=None,
        sampling=None,
        scored=True,
    ) -> Search:
        given = {
            "beam_size": beam_size,
            "length_penalty": length_penalty,
            "max_length_ratio": max_length_ratio,
            "batch_tokens": batch_tokens,
        }
        settings = from_mapping(
            DecodingConfig,
            {**vars(self.config.decoding), **{name: value for name, value in given.items() if value is not None}},
            "decoding.",
        )
        if sampling is not None and (settings.beam_size > 1 or n_best > 1):
            raise InputError(
                "Sampling draws one translation for each line: leave out n_best and a beam size above 1 (got "
                f"{n_best} and {settings.beam_size}), and draw again with another seed."
            )
        if not 1 <= n_best <= settings.beam_size:
            raise InputError(
                f"{n_best} best translations need a beam of at least as many: got beam size {settings.beam_size}, "
                f"set --beam-size {max(n_best, 1)}."
            )
        if length_penalty is not None and settings.beam_size == 1 and not scored:
            raise InputError(
                f"A length penalty ({length_penalty}) does nothing with a beam size of 1, which compares no "
                "translations: leave it out, or set --beam-size."
            )
        scored = scored or settings.beam_size > 1  # which goes by them
        graph = self._search(settings.beam_size, settings.length_penalty, n_best, sampling, scored)
        return Search(settings, n_best, scored, graph)

    def _in_turn(self, chunks, search, ahead, progress=None):
        """The hypotheses of chunks of lines, while up to `ahead` further chunks wait for their search."""
        begun, position = deque(), 0
        try:
            for chunk in chunks:
                self._begin(chunk, position, search, begun)
                position += len(chunk)
                if len(begun) > ahead:
                    yield self._finish(begun.popleft(), search, progress)
            while begun:
                yield self._finish(begun.popleft(), search, progress)
        finally:  # whoever stops here waits for no batch that has not begun
            for _, batches in begun:
                for future in batches:
                    future.cancel()

    def _begin(self, lines, position, search, begun):
        """Encode lines, note them in `begun`, and hand their batches to the threads that search."""
        settings = search.settings
        rows = self._encode(lines, position, settings.max_source_tokens)

        def translated(batch):
            source = rows.take(batch)
            limits = np.ceil(settings.max_length_ratio * source.lengths) + settings.max_length_extra
            limits, streams = limits.astype(np.int32), (position + batch).astype(np.int32)
            tokens, scores = search.graph(pad_rows(source), limits, streams)
            return batch, tokens.numpy(), scores.numpy()

        self._pool = self._pool or ThreadPoolExecutor(self.workers)
        batches = deque()
        begun.append((len(lines), batches))
        for batch in length_batches(rows.lengths, settings.batch_tokens // settings.beam_size):
            batches.append(self._pool.submit(translated, batch))

    def _finish(self, begun, search, progress):
        """The hypotheses of lines that were begun: each batch is decoded while others are searched."""
        count, batches = begun
        results, progress, done = [[] for _ in range(count)], progress or Progress(), 0
        try:
            while batches:
                batch, tokens, scores = batches.popleft().result()
                texts = self.target.decode(tokens.reshape(-1, tokens.shape[-1]))
                for k, line in enumerate(batch):
                    results[line] = [
                        Hypothesis(texts[k * search.n_best + n], float(scores[k, n]) if search.scored else None)
                        for n in range(search.n_best)
                        if scores[k, n] > -1e29  # a narrow beam over a tiny vocabulary may end with fewer
                    ]
                progress.advance(len(batch))
                done += len(batch)
        finally:
            for future in batches:
                future.cancel()
        progress.advance(count - done)  # the blank ones
        return results

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

    def _search(self, *key):
        """One compiled graph for each kind of search; any batch and any length runs in it without a new trace."""
        if key not in self._searches:
            self._searches[key] = search_graph(self.model, *key)
        return self._searches[key]

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

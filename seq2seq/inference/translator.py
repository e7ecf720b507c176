"""Strings in, translations out: a trained run, loaded."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from seq2seq.config import TranslationConfig
from seq2seq.errors import InputError
from seq2seq.inference.bayes_risk import nearest
from seq2seq.inference.copying import copy_unknown
from seq2seq.inference.ensemble import Paths, check_fits, load_tokenizers, open_runs
from seq2seq.inference.forced import ForcedReader
from seq2seq.inference.hypothesis import Attention, Hypothesis
from seq2seq.inference.lines import check_strings, full, several
from seq2seq.inference.loaded import Threads, batches_at_once, precision_for, search_graph
from seq2seq.inference.search import Search, SearchOptions, asked, length_batches
from seq2seq.inference.texts import Remarks, SourceTexts
from seq2seq.report import Progress, Report
from seq2seq.runtime.folder import ExportedRun
from seq2seq.runtime.texts import ExportedTranslator
from seq2seq.text.tokens import Tokenizer, TokenRows, pad_rows

if TYPE_CHECKING:
    from seq2seq.models import EncoderDecoder

LINES_AT_ONCE = 8192  # read, sorted by length and batched together: bounds memory, whatever the file's size


def build_model(
    config: TranslationConfig, source: Tokenizer, target: Tokenizer, dtype: Any = "float32"
) -> "EncoderDecoder":
    """The model of a configuration and its tokenizers."""
    from seq2seq.models import EncoderDecoder

    beside = ("tie_source", "source_vectors", "target_vectors")  # weights come from the training or the run
    arguments = {name: value for name, value in vars(config.model).items() if name not in beside}
    return EncoderDecoder(
        source.vocabulary_size,
        target.vocabulary_size,
        tie_source=config.shares_embedding,
        dtype=dtype,
        **arguments,
    )


def _loaded_model(run, config, source, target):
    model = build_model(config, source, target, precision_for(config.training.precision))
    run.load_weights(model)
    return model


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
        model: `EncoderDecoder`, an `Ensemble` of some, or the `ExportedTranslator` of a folder.
        report: `Report` that hears at the end of each stream of what was cut, of unknown symbols and of what
            `text.keep` had to mend.
        workers: int. Batches that are searched at once; what `share_cores` says.
    """

    def __init__(
        self,
        config: TranslationConfig,
        source: Tokenizer,
        target: Tokenizer,
        model: Any,
        report: Report | None = None,
        workers: int = 1,
    ) -> None:
        self.config, self.source, self.target, self.model, self.workers = config, source, target, model, workers
        self._threads = Threads(model, workers)
        self.texts, self.forced = SourceTexts(config.text, source), ForcedReader(model, workers)
        self.report = report or Report()
        self._graphs, self._settled = {}, (None, None)

    @classmethod
    def load(cls, run_dir: Paths, report: Report | None = None, workers: int | None = None) -> "Translator":
        """Load a run directory, made on this machine or another, on a CPU or a GPU; or an exported folder.

        Of a list of run directories the mean of their probabilities decides at each step. They must have the same
        tokenizers; all settings are those of the first.

        On a CPU of several cores, where nothing has run in TensorFlow yet, its operations get one thread each, and as
        many batches are translated at once as there are cores, see `share_cores`.

        Args:
            run_dir: the run directory, or a list of several.
            report: `Report` that hears of inputs and translations that had to be cut.
            workers: int. Batches that are searched at once; default what the machine is good for.

        Raises:
            InputError: not a translation run, no weights yet, damaged, or written by a newer version; or several that
                cannot translate together.
        """
        (run, config), *others = open_runs(run_dir)
        cores = batches_at_once(run)
        source, target = sides = load_tokenizers(run, config)
        for other in others:
            check_fits((run, config, sides), other)
        if isinstance(run, ExportedRun):
            model = ExportedTranslator(run, target.vocabulary_size)
            return cls(config, source, target, model, report, workers or cores)
        model = _loaded_model(run, config, *sides)
        if others:
            from seq2seq.models import Ensemble

            model = Ensemble([model, *(_loaded_model(*other, *sides) for other in others)])
        return cls(config, source, target, model, report, workers or cores)

    def translate(
        self, texts: Iterable[str], search: Search | None = None, **options: Unpack[SearchOptions]
    ) -> list[str]:
        """Translate strings; a blank one, white space or characters that are not seen, gives an empty one.

        Args:
            texts: strings.
            search: `Search`, by default as the run's `decoding` section says.
            **options: fields of the `Search`, which win over those of `search`: `beam_size=5`.

        Returns:
            The best translation of each.
        """
        search = asked(search, options | {"scored": False})
        if search.n_best > 1:
            raise InputError(
                f"translate gives the best translation of each text: for the {search.n_best} best use stream."
            )
        found = self.stream(texts, search)
        return [hypotheses[0].text if hypotheses else "" for hypotheses in found]

    def stream(
        self, lines: Iterable[str], search: Search | None = None, **options: Unpack[SearchOptions]
    ) -> Iterator[list[Hypothesis]]:
        """Translate any number of lines with bounded memory.

        Args:
            lines: strings.
            search: as for `translate`.
            **options: as for `translate`.

        Returns:
            For each line, in order, its hypotheses, best first; none for a blank line.

        Raises:
            InputError: a line that is no string, or a search that cannot be.
        """
        chunks = self.stream_chunks(full(several(lines), LINES_AT_ONCE), search, ahead=0, **options)
        return itertools.chain.from_iterable(chunks)

    def stream_chunks(
        self,
        chunks: Iterable[Sequence[str]],
        search: Search | None = None,
        *,
        ahead: int = 1,
        progress: Progress | None = None,
        remarks: Remarks | None = None,
        **options: Unpack[SearchOptions],
    ) -> Iterator[list[list[Hypothesis]]]:
        """Translate lists of lines, each by itself: what becomes of a line depends on its own list alone.

        While one list is searched the next is read and encoded, and the one before it decoded, so that a GPU waits
        for no text.

        Args:
            chunks: lists of strings, of some thousands: only lines of one list share a batch.
            search: as for `translate`.
            ahead: int. Lists that are asked for before the first is answered; 0 where whoever writes the next one waits
                for the answer.
            progress: `Progress` that counts the lines, batch by batch.
            remarks: `Remarks` that collects what else the report would hear at the end.
            **options: as for `translate`.

        Returns:
            For each list, in order, what `stream` gives for its lines.
        """
        return self._in_turn(chunks, self.settled(search, **options), ahead, progress, remarks)

    def settled(self, search: Search | None = None, **options: Unpack[SearchOptions]) -> Search:
        """The search that `translate` does with the same arguments, with nothing left to the run's settings."""
        wanted = asked(search, options)
        before, found = self._settled  # one look: another thread may settle another search meanwhile
        if wanted != before:  # whoever translates line by line asks for the same again and again
            search = wanted.settled(self.config.decoding)
            # A configuration checks itself: this one is refused where the run cannot copy.
            replace(self.config, decoding=replace(self.config.decoding, copy_unknown=search.copy_unknown))
            found = replace(search, prefix=self.texts.beginning(search.prefix))
            self._settled = wanted, found
        return found

    def _in_turn(self, chunks, search, ahead, progress, remarks):
        """The hypotheses of chunks of lines, while up to `ahead` further chunks wait for their search."""
        begun, position, told = deque(), 0, remarks or Remarks()
        try:
            for chunk in chunks:
                self._begin(chunk, position, search, told, begun)
                position += len(chunk)
                if len(begun) > ahead:
                    yield self._finish(begun.popleft(), search, told, progress)
            while begun:
                yield self._finish(begun.popleft(), search, told, progress)
        finally:  # whoever stops here waits for no batch that has not begun
            for *_, batches in begun:
                for future in batches:
                    future.cancel()
        if remarks is None:
            told.tell(self.report, search)

    def _begin(self, lines, position, search, remarks, begun):
        """Encode lines, note them in `begun`, and hand their batches to the threads that search."""
        pool = self._threads.pool()
        check_strings(lines, position)
        texts, rows, kept = self.texts.encode(lines, remarks)
        rows, graph = self.cut_sources(rows, search, remarks, position), self._graph(search)
        prefix = self.target.encode([search.prefix])[0] if search.prefix else np.zeros(0, np.int32)

        def translated(batch):
            source = rows.take(batch)
            limits, streams = search.limits(source.lengths, len(prefix)), position + batch
            if search.mbr:  # the draws of a line are the same wherever it stands
                limits, streams = np.repeat(limits, search.mbr), np.tile(np.arange(search.mbr), len(batch))
            tokens, scores = map(np.asarray, graph(pad_rows(source), limits, streams.astype(np.int32), prefix))
            if search.mbr:
                chosen = nearest(self.target, tokens[:, 0], search.mbr, search.mbr_utility)
                tokens, scores = tokens[chosen], scores[chosen]
            return batch, tokens, scores

        batches = deque()
        begun.append((texts, rows, kept, batches))
        for batch in length_batches(rows.lengths, search.batch_tokens // (search.mbr or search.beam_size)):
            batches.append(pool.submit(translated, batch))

    def _finish(self, begun, search, remarks, progress):
        """The hypotheses of lines that were begun: each batch is decoded while others are searched."""
        sources, rows, kept, batches = begun
        results, progress, done = [[] for _ in sources], progress or Progress(), 0
        try:
            while batches:
                batch, tokens, scores = batches.popleft().result()
                texts = self._texts(tokens.reshape(-1, tokens.shape[-1]), search.prefix)
                lengths = np.count_nonzero(tokens, axis=-1)
                for k, line in enumerate(batch):
                    results[line] = [
                        Hypothesis(
                            texts[k * search.n_best + n],
                            float(scores[k, n]) if search.scored else None,
                            tokens[k, n, : lengths[k, n]],
                        )
                        for n in range(search.n_best)
                        if scores[k, n] > -1e29  # a narrow beam over a tiny vocabulary may end with fewer
                    ]
                progress.advance(len(batch))
                done += len(batch)
        finally:
            for future in batches:
                future.cancel()
        progress.advance(len(results) - done)  # the blank ones
        if search.copy_unknown:
            copy_unknown(self, sources, rows, results, search)
        if self.texts.protection:
            results = [
                [replace(each, text=self.texts.restored(each.text, protected, remarks)) for each in hypotheses]
                for hypotheses, protected in zip(results, kept, strict=True)
            ]
        remarks.translations(len(results), sum(found[0].is_cut for found in results if found))
        return results

    def _texts(self, rows, prefix):
        """Rows of tokens as texts, which begin with `prefix` as it was given, its unknown characters included."""
        texts = self.target.decode(rows)
        if not prefix:
            return texts
        (begun,) = self.target.decode([self.target.encode([prefix])[0]])
        return [prefix + text[len(begun) :] for text in texts]

    def cut_sources(self, rows: TokenRows, search: Search, remarks: Remarks, position: int = 0) -> TokenRows:
        """The ids of sources, of which `position` came before, cut where they are too long for a settled search."""
        longest = search.max_source_tokens
        if (rows.lengths > longest).any():
            remarks.cut_sources(position + np.flatnonzero(rows.lengths > longest) + 1)
            rows = TokenRows.from_rows([rows[i][:longest] for i in range(len(rows))])
        return rows

    def encode_pairs(self, sources: Sequence[str], targets: Sequence[str]) -> tuple[TokenRows, TokenRows]:
        """Ids of both sides of normalised pairs, protected as those of the training were."""
        sources, targets = self.texts.protection.pairs(sources, targets)
        return self.source.encode(sources), self.target.encode(targets)

    def _graph(self, search):
        """One compiled graph for each kind of search; any batch and any length runs in it without a new trace."""
        return search_graph(self.model, search, self._graphs)

    def attention(self, text: str, search: Search | None = None, **options: Unpack[SearchOptions]) -> Attention:
        """Translate `text` and tell what each target token attended to; arguments as for `translate`.

        Raises:
            InputError: the model has no attention, or `text` is blank.
        """
        self.check_attention()
        search = self.settled(search, **options)
        (found,) = self.stream([text], search)
        if not found:
            raise InputError("The text to draw the attention of is blank.")
        return self.attention_of(text, found[0], search)

    def attention_of(self, text: str, translation: Hypothesis, search: Search | None = None) -> Attention:
        """Tell what each token of a translation of `text` attended to, found by `search`.

        Raises:
            InputError: the model has no attention.
        """
        self.check_attention()
        search = self.settled(search)
        source = self.cut_sources(self.texts.encode([text], Remarks())[1], search, Remarks())  # it has been told of
        labels = TokenRows.from_rows([translation.tokens])
        (weights,) = self.forced.read(source, labels, search.batch_tokens, lambda _, __, seen: seen, attended=True)
        return Attention(
            weights,
            [*self.source.pieces(source[0]), "</s>"],
            self.target.pieces(translation.tokens),
            translation.text,
        )

    def check_attention(self) -> None:
        """Raise InputError where the model has no attention."""
        if self.config.model.attention == "none":
            raise InputError(
                "This model has no attention (model.attention=none), so nothing tells where in the source a token "
                "comes from: train one with attention."
            )

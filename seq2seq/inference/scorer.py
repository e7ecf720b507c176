"""What a translator believes of given translations, and of each token of its own."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from seq2seq.errors import InputError
from seq2seq.inference.alignment import Alignment, align
from seq2seq.inference.hypothesis import Hypothesis
from seq2seq.inference.lines import check_pairs, full, several
from seq2seq.inference.texts import Remarks
from seq2seq.inference.translator import LINES_AT_ONCE, Translator
from seq2seq.special_ids import EOS, UNK
from seq2seq.text.blank import is_blank
from seq2seq.text.tokens import TokenRows
from seq2seq.text.words import word_numbers


@dataclass(frozen=True)
class TargetScore:
    """What a model believes of a target given its source.

    Attributes:
        tokens: int32 array, `(tokens,)`. Ids of the target, its EOS included.
        log_probabilities: float32 array, `(tokens,)`, nats. Of each token, given the source and the tokens before it.
        score: float, nats. Their sum / tokens ** length_penalty, as of a `Hypothesis`.
    """

    tokens: np.ndarray
    log_probabilities: np.ndarray
    score: float

    @property
    def log_probability(self) -> float:
        """Of the whole target, nats."""
        return float(self.log_probabilities.sum(dtype=np.float64))

    @property
    def unknown(self) -> int:
        """Tokens that stand for what the tokenizer does not know: their probability is that of any such."""
        return int(np.count_nonzero(self.tokens == UNK))


@dataclass(frozen=True, kw_only=True)
class Explained(Hypothesis):
    """A `Hypothesis` with what the model believed of each token of it.

    Attributes:
        pieces: list of str. Its tokens; the last is `</s>` unless it was cut at its longest length.
        log_probabilities: float32 array, `(pieces,)`, nats.
        source_pieces: list of str, without `</s>`.
        alignment: `Alignment`, or `None` where none was asked for.
    """

    pieces: list[str]
    log_probabilities: np.ndarray
    source_pieces: list[str]
    alignment: Alignment | None


class Scorer:
    """A translator that reads targets, given ones or its own, in one pass over whole batches of them.

    ```python
    scorer = Scorer(Translator.load("runs/ende"))
    scorer.score(["A dog runs."], ["Ein Hund rennt."])[0].log_probability
    ```

    Args:
        translator: `Translator`.
    """

    def __init__(self, translator: Translator) -> None:
        self.translator = translator

    def score(
        self,
        sources: Iterable[str],
        targets: Iterable[str],
        *,
        length_penalty: float | None = None,
        batch_tokens: int | None = None,
    ) -> list[TargetScore | None]:
        """Score targets given as many sources, as `stream` does pairs; see there.

        Raises:
            InputError: not as many targets as sources, a string instead of a list of them, or one that is none.
        """
        sources, targets = list(several(sources)), list(several(targets))
        if len(sources) != len(targets):
            raise InputError(f"Expected as many targets as sources, got {len(targets):,} and {len(sources):,}.")
        pairs = zip(sources, targets, strict=True)
        return list(self.stream(pairs, length_penalty=length_penalty, batch_tokens=batch_tokens))

    def stream(
        self,
        pairs: Iterable[tuple[str, str]],
        *,
        length_penalty: float | None = None,
        batch_tokens: int | None = None,
    ) -> Iterator[TargetScore | None]:
        """Score any number of pairs with bounded memory.

        Args:
            pairs: `(source, target)` strings. A source that is too long is cut, as for a translation.
            length_penalty: float. Default of this and the next one: the run's `decoding` section.
            batch_tokens: int. Padded tokens in a batch, on the longer side.

        Yields:
            For each pair, in order, its `TargetScore`; `None` where a side is blank.

        Raises:
            InputError: what is no pair of strings.
        """
        translator, remarks, position = self.translator, Remarks(), 0
        search = translator.settled(length_penalty=length_penalty, batch_tokens=batch_tokens)
        for chunk in full(several(pairs), LINES_AT_ONCE):
            check_pairs(chunk, position)
            blank = np.array([any(map(is_blank, pair)) for pair in chunk])
            sides = ([translator.texts.normalized(text) for text in side] for side in zip(*chunk, strict=True))
            source, target = translator.encode_pairs(*sides)
            source, labels = translator.cut_sources(source, search, remarks, position), _with_end(target)
            position += len(chunk)

            def scored(row, log_probabilities, _, labels=labels):
                score = log_probabilities.sum(dtype=np.float64) / len(log_probabilities) ** search.length_penalty
                return TargetScore(labels[row], log_probabilities, float(score))

            blank |= (source.lengths == 0) | (labels.lengths == 1)
            yield from translator.forced.read(source, labels, search.batch_tokens, scored, blank=blank)
        remarks.tell(translator.report, search)

    def explain(
        self,
        lines: Sequence[str],
        found: Sequence[Sequence[Hypothesis]],
        *,
        aligned: bool = False,
        batch_tokens: int | None = None,
    ) -> list[list[Explained]]:
        """Tell what the model believed of each token of what a search has found.

        Args:
            lines: sequence of str.
            found: of each line its hypotheses, as of `Translator.stream`.
            aligned: bool. Whether `Alignment`s are wanted.
            batch_tokens: int. As of `stream`.

        Returns:
            The same hypotheses, explained.

        Raises:
            InputError: `aligned`, and the model has no attention.
        """
        if aligned:
            self.translator.check_attention()
        hypotheses = [hypothesis for several in found for hypothesis in several]
        of_each = [line for line, several in zip(lines, found, strict=True) for _ in several]
        search, remarks = self.translator.settled(batch_tokens=batch_tokens), Remarks()  # told of by the search
        _, source, kept = self.translator.texts.encode(of_each, remarks)
        source = self.translator.cut_sources(source, search, remarks)
        labels = TokenRows.from_rows([hypothesis.tokens for hypothesis in hypotheses])

        def explained(row, log_probabilities, weights):
            return self._explained(hypotheses[row], source[row], kept[row], log_probabilities, weights)

        read = iter(self.translator.forced.read(source, labels, search.batch_tokens, explained, attended=aligned))
        return [[next(read) for _ in several] for several in found]

    def _explained(self, hypothesis, source, kept, log_probabilities, weights):
        from_, to = self.translator.source, self.translator.target
        tokens, alignment = hypothesis.tokens, None
        if weights is not None:
            real = tokens[tokens != EOS]
            spelled = (side.spelling(ids) for side, ids in ((from_, source), (to, real)))
            words = [word_numbers(self.translator.texts.protection.spelling(each, kept)) for each in spelled]
            alignment = align(weights[: len(real)], *words)
        return Explained(
            hypothesis.text,
            hypothesis.score,
            tokens,
            pieces=to.pieces(tokens),
            log_probabilities=log_probabilities,
            source_pieces=from_.pieces(source),
            alignment=alignment,
        )


def _with_end(rows):
    """Rows of ids with EOS."""
    return TokenRows(np.insert(rows.values, rows.offsets[1:], EOS), rows.lengths + 1)

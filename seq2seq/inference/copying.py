"""Unknown words of a translation, taken from its source: those that they attend to most."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from seq2seq.inference.alignment import align
from seq2seq.inference.search import Search
from seq2seq.special_ids import UNK
from seq2seq.text.tokens import UNKNOWN_TEXT, TokenRows
from seq2seq.text.words import word_numbers


def copy_unknown(
    translator: Any, texts: Sequence[str], source: TokenRows, found: Sequence[list], search: Search
) -> None:
    """Replace the unknown words in hypotheses of a translator; those without any are not looked at again.

    Args:
        translator: `Translator`.
        texts: sequence of str, the sources as the tokenizer reads them.
        source: `TokenRows` of them.
        found: of each source, its list of hypotheses, in which others take their places.
        search: the settled `Search` that has found them; its prefix stays as it was given.
    """
    rows = [(i, k) for i, hypotheses in enumerate(found) for k, each in enumerate(hypotheses) if UNK in each.tokens]
    source, prefix = source.take([i for i, _ in rows]), search.prefix
    given = len(translator.target.encode([prefix])[0]) if prefix else 0
    labels = TokenRows.from_rows([found[i][k].tokens for i, k in rows])

    def copy(row, _, weights):
        i, k = rows[row]
        before, surfaces = found[i][k], translator.source.surfaces(texts[i])[: len(source[row])]
        text, tokens = before.text.removeprefix(prefix), before.tokens[given:]
        found[i][k] = replace(before, text=prefix + with_copies(text, tokens, weights[given:], surfaces))

    translator.forced.read(source, labels, search.batch_tokens, copy, attended=True)


def with_copies(text: str, tokens: np.ndarray, weights: np.ndarray, surfaces: Sequence[str]) -> str:
    """A translation with each unknown word replaced by the source word that it attends to most.

    Args:
        text: str. The translation; each UNK in it looks like `UNKNOWN_TEXT`.
        tokens: int array, `(target_tokens,)`. Its ids.
        weights: float array, `(target_tokens, source_tokens or more)`. What they attend to.
        surfaces: what each source token stands for, see `Tokenizer.surfaces`. Words are counted in these, so that what
            a tokenizer makes of white space cannot shift them.
    """
    words, numbers = "".join(surfaces).split(), word_numbers(surfaces)
    unknown = np.flatnonzero(tokens == UNK)
    links = align(weights[unknown], numbers, np.arange(len(unknown))).words
    known = text.split(UNKNOWN_TEXT)
    if len(links) != len(unknown) or len(known) != len(unknown) + 1:  # some word merely looks like an unknown one
        return text
    copies = [words[link.source] for link in links]
    return known[0] + "".join(copy + rest for copy, rest in zip(copies, known[1:], strict=True))

"""Settings of a translation that nobody set: a small corpus wants a small vocabulary and many epochs, a large one not.

What is None in a configuration is open. A training counts its corpus before it reads it, gives each open setting the
value that suits so much text, says so, and stores it. docs/corpus_size.md has what the values were chosen by.
"""

import math
from dataclasses import dataclass, replace

from seq2seq.config.translation import TranslationConfig

COUNTED = 200_000  # pairs: what has more of them gets the settings of so many
SMALL, LARGE = 5_000, 50_000  # pairs: a corpus below and one above
MOST_TOKENS, LEAST_PIECES = 8000, 300  # of a vocabulary
UPDATES, MOST_EPOCHS = 1200, 60  # that a small corpus is learned in: a smaller one is learned by heart then
ENOUGH_FOR_BLEU = 100  # validation pairs
PIECE = 4  # characters, more or less
VOCABULARY_GROWTH = 4  # pieces for the square root of the characters that they are learned from
Row = tuple[str, str, str]


@dataclass(frozen=True)
class CorpusSize:
    """How much text there is to learn from.

    Attributes:
        pairs: int. Pairs with text on both sides, `COUNTED` at most, held-out ones included.
        characters: int. Of their target sides.
        alphabet: int. Different characters of both sides.
        valid: int. Pairs of the validation part, `ENOUGH_FOR_BLEU` at most; None where it is held out of these pairs.
    """

    pairs: int
    characters: int
    alphabet: int
    valid: int | None = None

    @property
    def text(self) -> str:
        """What to call it in a reason."""
        return f"{self.pairs:,} pairs{' or more' if self.pairs == COUNTED else ''}"


def fitted(config: TranslationConfig, size: CorpusSize) -> tuple[TranslationConfig, list[Row]]:
    """Give the settings that a configuration leaves open the values that suit the corpus.

    Args:
        config: `TranslationConfig`.
        size: `CorpusSize`.

    Returns:
        The configuration, and a row for each setting that has got a value: its name, the value, and why.
    """
    rows = []
    for name, suited in _SUITED.items():
        section, setting = name.split(".")
        part = getattr(config, section)
        if getattr(part, setting) is not None or (name == "data.valid_share" and size.valid is not None):
            continue
        if found := suited(config, size):
            value, reason = found
            rows += [(name, f"{value:g}" if isinstance(value, float) else str(value), reason)] if reason else []
            config = replace(config, **{section: replace(part, **{setting: value})})
    return config, rows


def _by_pairs(*values):
    """A function that chooses one of `values` by the number of pairs: below `SMALL`, below `LARGE`, others."""
    bounds = (f"for fewer than {SMALL:,} pairs", f"for {SMALL:,} to {LARGE:,} pairs", f"for {LARGE:,} pairs or more")

    def suited(config, size):
        place = (size.pairs >= SMALL) + (size.pairs >= LARGE)
        return values[place], bounds[place]

    return suited


def _tokenizer(config, size):
    return None if config.text.model else _by_pairs("bpe", "unigram", "unigram")(config, size)


def _vocabulary_size(config, size):
    if config.text.model:
        return None
    if not config.text.merges:
        return MOST_TOKENS, "at most: all words and characters of the corpus"
    least = 2 * size.alphabet + 256 * config.text.byte_fallback
    suited = min(int(round(VOCABULARY_GROWTH * math.sqrt(size.characters), -2)), MOST_TOKENS)
    return max(suited, least, LEAST_PIECES), f"at most: learned from {size.characters:,} characters of the target side"


def _batch_sentences(config, size):
    return (0, "") if config.batching.batch_tokens else _by_pairs(32, 64, 64)(config, size)


def _epochs(config, size):
    an_epoch = _updates_an_epoch(config, size)
    epochs = math.ceil(UPDATES / an_epoch)
    least, reason = _by_pairs(24, 24, 10)(config, size)
    if epochs <= least:
        return least, reason
    epochs = min(epochs, MOST_EPOCHS)
    return epochs, f"some {epochs * an_epoch:,.0f} updates"


def _lr_ramp_steps(config, size):
    updates = config.training.epochs * _updates_an_epoch(config, size)
    return max(min(int(updates / 20), 200), 1), f"a twentieth of some {updates:,.0f} updates, 200 at most"


def _updates_an_epoch(config, size):
    """About as many as there will be: how many pairs a budget of tokens holds is known once these are encoded."""
    tokens = size.characters / (PIECE if config.text.merges else 1) / size.pairs
    pairs = config.batching.batch_sentences or max(config.batching.batch_tokens / tokens, 1)
    return max(size.pairs / pairs / config.training.accumulate_batches, 1)


def _monitor(config, size):
    if not config.training.validate_bleu:
        return "loss", "nothing is translated (training.validate_bleu)"
    valid = size.pairs * config.data.valid_share if size.valid is None else size.valid
    if valid < ENOUGH_FOR_BLEU:
        return "loss", f"BLEU of fewer than {ENOUGH_FOR_BLEU} pairs is much luck"
    return _by_pairs("bleu", "bleu", "loss")(config, size)


# In the order in which they are settled: later ones follow from earlier ones.
_SUITED = {
    "data.valid_share": _by_pairs(0.1, 0.02, 0.02),
    "text.tokenizer": _tokenizer,
    "text.vocabulary_size": _vocabulary_size,
    "batching.batch_sentences": _batch_sentences,
    "model.embedding_dropout": _by_pairs(0.3, 0.3, 0.2),
    "model.output_dropout": _by_pairs(0.4, 0.4, 0.2),
    "model.word_dropout": _by_pairs(0.1, 0.1, 0.0),
    "training.learning_rate": _by_pairs(2e-3, 2e-3, 1e-3),
    "training.epochs": _epochs,
    "training.lr_ramp_steps": _lr_ramp_steps,
    "training.monitor": _monitor,
}
OPEN = tuple(_SUITED)

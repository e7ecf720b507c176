"""How a translator searches: what it can be told, and which lines go through its graph together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypedDict

import numpy as np

from seq2seq.config import DecodingConfig, from_mapping
from seq2seq.decoding.sampling import Sampling
from seq2seq.errors import InputError

# Fields of a `Search` that its graph does not depend on; the penalty and the n best are inputs of it.
BESIDE_THE_GRAPH = (
    "max_length_ratio",
    "max_length_extra",
    "max_source_tokens",
    "batch_tokens",
    "copy_unknown",
    "length_penalty",
    "n_best",
    "mbr",
    "mbr_utility",
)

UTILITIES = ("chrf", "bleu")  # by which draws are compared
MOST_DRAWS = 1024  # that a translation is chosen among

UNTRAINED = 2.0, 10  # ratio and extra of the length limit where no training has settled them


@dataclass(frozen=True)
class Search:
    """How to search for translations: the one value that commands, batch jobs and measurements hand to a `Translator`.

    What is `None` is taken from the `decoding` section of the run, where all of these but the last six stand.

    Args:
        beam_size: int. Hypotheses that are followed at a time; 1 is greedy search.
        length_penalty: float. Scores are log-probability / length ** length_penalty.
        max_length_ratio: float. A translation has at most this many tokens for each source token, EOS included …
        max_length_extra: int. … and so many more.
        no_repeat: int. A sequence of so many tokens appears at most once in a translation; 0: however often.
        copy_unknown: bool. An unknown word becomes the source word that it attends to most.
        max_source_tokens: int. Longer inputs are cut, with a warning.
        batch_tokens: int. Padded source tokens · beams in a batch: less takes less memory.
        n_best: int, at most `beam_size`. Hypotheses for each line.
        sampling: `Sampling`, to draw one translation for each line instead of searching for the most probable.
        mbr: int. Minimum Bayes risk: of so many draws for each line the one that is nearest to all of them; 0: no such.
            Drawn as `sampling` says, or else from the model's own distribution.
        mbr_utility: str. How near is told by chrF, `"chrf"`, or by BLEU, `"bleu"`.
        prefix: str. What every translation begins with. Its tokens are those that the tokenizer makes of it by itself,
            so it should end where a word does.
        scored: bool. Whether scores are wanted: greedy search is faster without.
    """

    beam_size: int | None = None
    length_penalty: float | None = None
    max_length_ratio: float | None = None
    max_length_extra: int | None = None
    no_repeat: int | None = None
    copy_unknown: bool | None = None
    max_source_tokens: int | None = None
    batch_tokens: int | None = None
    n_best: int = 1
    sampling: Sampling | None = None
    mbr: int = 0
    mbr_utility: str = "chrf"
    prefix: str = ""
    scored: bool = True

    def settled(self, decoding: DecodingConfig) -> "Search":
        """This search with nothing left open.

        Args:
            decoding: the `decoding` section of a run.

        Raises:
            InputError: values out of range, or that do not go together.
        """
        return self._with_draws()._settled(decoding)

    def _settled(self, decoding):
        given = {name: getattr(self, name) for name in vars(decoding) if getattr(self, name) is not None}
        if self.sampling is not None:
            given.setdefault("beam_size", 1)  # whatever the run searches with, a draw follows one hypothesis
        settings = from_mapping(DecodingConfig, vars(decoding) | given, "decoding.").with_length_limit(*UNTRAINED)
        # A beam goes by scores, so they are there in any case.
        search = replace(self, **vars(settings), scored=self.scored or settings.beam_size > 1)
        if self.sampling is not None and (search.beam_size > 1 or self.n_best > 1):
            raise InputError(
                f"Sampling draws one translation for each line: leave out {search._several()}, and draw again with "
                "another seed."
            )
        differs = search.length_penalty != decoding.length_penalty
        if differs and search.beam_size == 1 and not search.scored:
            raise InputError(
                f"A length penalty ({search.length_penalty:g}) does nothing with a beam size of 1, which compares no "
                "translations: leave it out, or set --beam-size."
            )
        if not 1 <= self.n_best <= search.beam_size:
            raise InputError(
                f"{self.n_best} best translations need a beam of at least as many: got beam size {search.beam_size}, "
                f"set --beam-size {max(self.n_best, 1)}."
            )
        return search

    def _with_draws(self):
        """The same, with the draws that minimum Bayes risk chooses among."""
        if self.mbr_utility not in UTILITIES:
            raise InputError(f"--mbr-utility {self.mbr_utility}: expected {' or '.join(UTILITIES)}.")
        if not self.mbr:
            if self.mbr_utility != Search.mbr_utility:
                raise InputError(f"--mbr-utility {self.mbr_utility} chooses among draws: add --mbr 16.")
            return self
        if not 2 <= self.mbr <= MOST_DRAWS:
            raise InputError(f"--mbr {self.mbr}: expected 2 to {MOST_DRAWS:,} draws, such as 16, to choose among.")
        if (self.beam_size or 1) > 1 or self.n_best > 1:
            raise InputError(f"--mbr {self.mbr} chooses one translation among draws: leave out {self._several()}.")
        return replace(self, sampling=self.sampling or Sampling())

    def _several(self):
        """What asks for several hypotheses, in words."""
        numbers = {"n_best": self.n_best, "beam_size": self.beam_size or 1}
        return " and ".join(f"{name}={number}" for name, number in numbers.items() if number > 1)

    def limits(self, lengths: np.ndarray, prefix_length: int = 0) -> np.ndarray:
        """The most tokens of each translation, EOS included, int32 `(rows,)`, by its number of source tokens; enough to
        go on after a prefix in any case."""
        limits = np.ceil(self.max_length_ratio * lengths) + self.max_length_extra
        return np.maximum(limits, prefix_length + self.max_length_extra).astype(np.int32)


class SearchOptions(TypedDict, total=False):
    """The fields of a `Search`, as keywords of what translates: editors and type checkers know them by this."""

    beam_size: int | None
    length_penalty: float | None
    max_length_ratio: float | None
    max_length_extra: int | None
    no_repeat: int | None
    copy_unknown: bool | None
    max_source_tokens: int | None
    batch_tokens: int | None
    n_best: int
    sampling: Sampling | None
    mbr: int
    mbr_utility: str
    prefix: str
    scored: bool


def asked(search: Search | None, options: Mapping[str, Any]) -> Search:
    """The search that somebody wants who gives one, or fields of it, or both.

    Raises:
        TypeError: there are no such fields; names those that there are.
    """
    names = [field.name for field in fields(Search)]
    if unknown := [name for name in options if name not in names]:
        drawn = {field.name for field in fields(Sampling)} & set(unknown)
        hint = f": to draw give sampling=Sampling({drawn.pop()}=…)" if drawn else ""
        raise TypeError(f"a search has no option {unknown[0]!r}{hint}; it has {', '.join(names)}")
    return replace(search or Search(), **options)


def length_batches(lengths: np.ndarray, batch_tokens: int) -> Iterator[np.ndarray]:
    """Indices of non-empty rows by length, cut so that padded tokens, EOS included, stay within `batch_tokens`."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    end = len(order)
    while end:  # from the longest on, so that the width of a batch is that of its first row
        size = max(1, batch_tokens // (int(lengths[order[end - 1]]) + 1))
        yield order[max(end - size, 0) : end]
        end = max(end - size, 0)

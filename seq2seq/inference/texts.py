"""Texts on their way into a translator and out of it: normalised, protected, encoded; and what to tell of them."""

from collections import Counter
from collections.abc import Sequence

from seq2seq.config.translation import TextConfig
from seq2seq.errors import InputError
from seq2seq.inference.search import Search
from seq2seq.report import Report
from seq2seq.text.blank import is_blank
from seq2seq.text.corpus import normalize
from seq2seq.text.protection import Kept, Protection
from seq2seq.text.tokens import Tokenizer, TokenRows, rows_with_unknown

_EXAMPLES = 8
MOST_DISTINCT = 10_000  # unknown symbols that are counted apart: bounds memory
_COUNTS = "_lines_unknown", "_added", "_gone", "_plain", "_cut_sources", "_translations", "_cut_translations"


class Remarks:
    """What whoever translates should hear about the texts: counted as they go by, told in a few lines at the end."""

    def __init__(self):
        self._unknown, self._lines_unknown = Counter(), 0
        self._added, self._gone, self._plain = 0, 0, 0
        self._cut_sources, self._first_cut = 0, 0
        self._translations, self._cut_translations = 0, 0

    def cut_sources(self, numbers: Sequence[int]) -> None:
        """Count lines that are too long to be read whole, by their numbers from 1."""
        self._first_cut = self._first_cut or int(numbers[0])
        self._cut_sources += len(numbers)

    def translations(self, count: int, cut: int) -> None:
        """Count lines that were translated, and those of them whose translation did not come to its end."""
        self._translations += count
        self._cut_translations += cut

    def unknown(self, symbols: Sequence[str]) -> None:
        """Count the symbols of one line that its tokenizer does not know."""
        self._lines_unknown += 1
        self._count_unknown(Counter(symbols))

    def _count_unknown(self, symbols):
        for symbol, count in symbols.items():
            self._unknown[symbol if symbol in self._unknown or len(self._unknown) < MOST_DISTINCT else ""] += count

    def kept(self, kept: Kept) -> None:
        """Count what of one line could not be protected."""
        self._plain += kept.plain

    def restored(self, added: int, gone: int) -> None:
        """Count what `Protection.restore` had to mend."""
        self._added += added
        self._gone += gone

    def add(self, other: "Remarks") -> None:
        """Count what another one has counted, about lines with other numbers."""
        self._count_unknown(other._unknown)
        self._first_cut = self._first_cut or other._first_cut
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def lines(self, search: Search, numbered: bool = True) -> list[str]:
        """Return what there is to tell, maybe nothing.

        Args:
            search: the settled `Search` that was done.
            numbered: bool. Whether the numbers of lines say anything to whoever reads this.
        """
        lines = []
        if self._cut_sources:
            first = f", the first is line {self._first_cut:,}" if numbered else ""
            lines.append(
                f"{self._cut_sources:,} inputs were cut to {search.max_source_tokens:,} tokens "
                f"(decoding.max_source_tokens){first}"
            )
        if self._cut_translations:
            lines.append(
                f"{self._cut_translations:,} of {self._translations:,} translations were cut at the length limit, "
                f"{search.max_length_ratio:g} tokens for each source token and {search.max_length_extra:,} more: "
                "--max-length-ratio lifts it"
            )
        if self._unknown:
            lines.append(
                f"{self._lines_unknown:,} input lines have {self._unknown.total():,} symbols that are not in the "
                f"vocabulary, so the model cannot read them: {commonest(self._unknown)}"
            )
        if self._plain:
            lines.append(f"{self._plain:,} texts that text.keep protects were too many for their line: translated")
        if self._added:
            lines.append(f"{self._added:,} protected texts (text.keep) were left out by the model: put at the end")
        if self._gone:
            lines.append(f"{self._gone:,} protected texts (text.keep) were written too often by the model: removed")
        return lines

    def tell(self, report: Report, search: Search) -> None:
        """Warn of all that there is to tell of a settled `Search`."""
        for line in self.lines(search):
            report.warn(line)


def commonest(symbols: Counter[str]) -> str:
    """Name the most common of some symbols, with how often they were seen: `'"' (8), '9' (4), …`."""
    shown = [f"{symbol!r:.40} ({count:,})" for symbol, count in symbols.most_common(_EXAMPLES) if symbol]
    return ", ".join(shown) + (", …" if len(symbols) > len(shown) else "")


class SourceTexts:
    """What a run does with texts before the model reads them, and with translations before anyone else does.

    Args:
        config: `TextConfig` of the run.
        tokenizer: of the source side.
    """

    def __init__(self, config: TextConfig, tokenizer: Tokenizer):
        self.protection = Protection(config.keep, config.lowers)
        self._keep_white_space, self._tokenizer = config.keeps_white_space, tokenizer

    def normalized(self, text: str) -> str:
        """Return a text as those of the training were read."""
        return normalize(text, keep_white_space=self._keep_white_space)

    def beginning(self, prefix: str) -> str:
        """Return what every translation shall begin with, as the tokenizer reads it.

        Raises:
            InputError: it holds a text that is protected, which comes from the source alone.
        """
        if self.protection.source(prefix)[1].texts:
            raise InputError(
                f"The prefix {prefix!r} holds what text.keep protects, which comes from each source: leave it out."
            )
        if self._keep_white_space:  # that of a prefix counts even where there is nothing else
            return self.protection.cased(self.normalized(f"{prefix}|")[:-1])
        return self.protection.cased(self.normalized(prefix))

    def encode(self, lines: Sequence[str], remarks: Remarks) -> tuple[list[str], TokenRows, list[Kept]]:
        """Return lines as the tokenizer reads them, their ids, and what is protected in each."""
        protected = [self.protection.source("" if is_blank(line) else self.normalized(line)) for line in lines]
        texts, kept = [text for text, _ in protected], [found for _, found in protected]
        rows = self._tokenizer.encode(texts)
        for row in rows_with_unknown(rows):
            remarks.unknown(self._tokenizer.unknown(texts[row]))
        for found in kept:
            remarks.kept(found)
        return texts, rows, kept

    def restored(self, translation: str, kept: Kept, remarks: Remarks) -> str:
        """Return a translation with what is protected in its source."""
        text, added, gone = self.protection.restore(translation, kept)
        remarks.restored(added, gone)
        return text

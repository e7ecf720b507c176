"""Two translators on one test set: what of the difference of their scores is more than luck."""

from dataclasses import asdict, dataclass

import numpy as np

from seq2seq.evaluation.corpus_scores import measures, reference_columns
from seq2seq.evaluation.significance import Difference, paired
from seq2seq.evaluation.translation import in_case
from seq2seq.inference.hypothesis import NOTHING
from seq2seq.inference.search import Search
from seq2seq.inference.translator import Translator
from seq2seq.report import Report
from seq2seq.tasks.measure_translation import TranslationEvaluation

_NAMES = {
    "bleu": "BLEU",
    "bleu_moses": "BLEU, lower-cased, Moses",
    "chrf": "chrF2",
    "ter": "TER (lower is better)",
    "exact_match": "Exact match",
}


@dataclass(frozen=True)
class TranslationComparison:
    """Scores of two translators on one test set, in percent.

    Attributes:
        first, second: str. What they are called.
        differences: dict of the name of a score, as of `TranslationScores`, to the `Difference`.
    """

    first: str
    second: str
    differences: dict[str, Difference]

    columns = ("metric", "first", "second", "difference", "95 % of samples", "p")

    def as_dict(self) -> dict:
        """JSON-ready."""
        figures = {name: asdict(each) | {"difference": each.difference} for name, each in self.differences.items()}
        return {"run": self.second, "differences": figures}

    @property
    def verdict(self) -> str:
        """Which is better, in a sentence: by BLEU, or of what has none by exact match."""
        name = "bleu" if "bleu" in self.differences else "exact_match"
        return self.differences[name].verdict(_NAMES[name], self.first, self.second)

    def rows(self) -> list[tuple]:
        """For a table with `columns`."""
        return [
            (
                _NAMES[name],
                f"{each.first:.2f}",
                f"{each.second:.2f}",
                f"{each.difference:+.2f}",
                *each.said,
            )
            for name, each in self.differences.items()
        ]


def compare(
    evaluation: TranslationEvaluation,
    names: tuple[str, str],
    other: Translator,
    search: Search | None = None,
    report: Report | None = None,
) -> TranslationComparison:
    """Translate the test set of an evaluation with another translator, and compare by a paired bootstrap (Koehn 2004).

    Args:
        evaluation: of the first translator.
        names: what to call the two.
        other: `Translator`.
        search: as that of the evaluation.
        report: `Report`, told where only one of them has texts of lower case: then both are scored so.

    Returns:
        `TranslationComparison`. Sources are drawn with replacement, as many as there are; both are scored on each of
        the same samples.
    """
    pairs, scoring = evaluation.scored, dict(evaluation.scoring)
    first = evaluation.texts
    second = [found[0].text if found else NOTHING.text for found in other.stream(pairs.source, search, scored=False)]
    if other.config.text.lowers != scoring["lowercase"]:
        (report or Report()).say("one of the runs has text.case=lower: the comparison is of lower-cased text")
        scoring["lowercase"] = True
    lowercase = scoring["lowercase"]
    first, references = in_case(first, pairs.references, lowercase)
    second, _ = in_case(second, [], lowercase)
    columns = reference_columns(references)
    found = measures(columns, **scoring)
    differences = {
        name: paired(*(found[name].statistics(texts, columns) for texts in (first, second)), found[name].of_sum)
        for name in _NAMES
        if name in found
    }
    hits = [
        np.array([(text in choices, 1.0) for text, choices in zip(texts, references, strict=True)], np.float64)
        for texts in (first, second)
    ]
    differences["exact_match"] = paired(*hits, lambda total: 100.0 * total[0] / total[1])
    return TranslationComparison(*names, differences)

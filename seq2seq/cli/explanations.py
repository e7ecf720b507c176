"""What is told of single tokens: how probable each is, and where in the source it comes from."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, tee
from pathlib import Path
from typing import Any


def explained(stream: Callable, scorer: Any, aligned: bool) -> Callable:
    """`Translator.stream`, whose hypotheses are explained by `scorer`, see `Scorer.explain`."""
    from seq2seq.inference.translator import LINES_AT_ONCE

    def answers(lines: Iterable[str], **options: Any) -> Iterator[list]:
        lines, again = tee(lines)
        answered = zip(again, stream(lines, **options), strict=False)
        for chunk in iter(lambda: list(islice(answered, LINES_AT_ONCE)), []):
            yield from scorer.explain(*zip(*chunk, strict=True), aligned=aligned)

    return answers


def token_cells(pieces: Sequence[str], log_probabilities: Iterable[float]) -> list[str]:
    """Two cells of a TSV row: the tokens, and the log-probability of each, separated by spaces."""
    return [" ".join(pieces), " ".join(f"{each:.4f}" for each in log_probabilities)]


def alignment_rows(hypotheses: Sequence, number: int, path: Path) -> str:
    """A row for each translation of a line: pairs of word positions, `0-0 1-2`; or all there is, for a JSON Lines file.

    Args:
        hypotheses: `Explained` ones; where there are none, the one row is empty.
        number: int. Of the line.
        path: where it is written to.
    """
    if not is_json_lines(path):
        rows = (" ".join(f"{s}-{t}" for s, t, _ in each.alignment.words) for each in hypotheses)
        return "\n".join(rows) + "\n"
    rows = [
        {
            "line": number,
            "source": each.source_pieces,
            "target": each.pieces,
            "tokens": [[s, t, round(share, 4)] for s, t, share in each.alignment.tokens],
            "words": [[s, t, round(share, 4)] for s, t, share in each.alignment.words],
        }
        for each in hypotheses
    ] or [{"line": number, "source": [], "target": [], "tokens": [], "words": []}]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def is_json_lines(path: Path | None) -> bool:
    """Whether the name of a file says that it is one of JSON Lines."""
    return path is not None and path.name.endswith((".jsonl", ".jsonl.gz"))

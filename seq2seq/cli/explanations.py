"""What is told of single tokens: how probable each is, and where in the source it comes from."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any


def explained(translate: Callable, chunks: Iterable[list[str]], scorer: Any, aligned: bool) -> Iterator[list[list]]:
    """What `translate` makes of lists of lines, one by one: their hypotheses, explained by `scorer.explain`."""
    asked = deque()

    def noted():
        for lines in chunks:
            asked.append(lines)
            yield lines

    for answers in translate(noted()):
        yield scorer.explain(asked.popleft(), answers, aligned=aligned)


def token_cells(pieces: Sequence[str], log_probabilities: Iterable[float]) -> list[str]:
    """Two cells of a TSV row: the tokens, and the log-probability of each, separated by spaces."""
    return [" ".join(pieces), " ".join(f"{each:.4f}" for each in log_probabilities)]


def alignment_rows(hypotheses: Sequence, number: int, n_best: int, path: Path) -> str:
    """A row for each translation of a line: pairs of word positions, `0-0 1-2`; or all there is, for a JSON Lines file.

    Args:
        hypotheses: `Explained` ones; where there are fewer than `n_best`, the further rows are empty.
        number: int. Of the line.
        n_best: int. Rows of each line.
        path: where it is written to.
    """
    if not is_json_lines(path):
        rows = [" ".join(f"{s}-{t}" for s, t, _ in each.alignment.words) for each in hypotheses]
        return "".join(f"{row}\n" for row in rows + [""] * (n_best - len(rows)))
    rows = [
        {
            "line": number,
            "source": each.source_pieces,
            "target": each.pieces,
            "tokens": [[s, t, round(share, 4)] for s, t, share in each.alignment.tokens],
            "words": [[s, t, round(share, 4)] for s, t, share in each.alignment.words],
        }
        for each in hypotheses
    ]
    nothing = {"line": number, "source": [], "target": [], "tokens": [], "words": []}
    rows += [nothing] * (n_best - len(rows))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def is_json_lines(path: Path | None) -> bool:
    """Whether the name of a file says that it is one of JSON Lines."""
    return path is not None and path.name.endswith((".jsonl", ".jsonl.gz"))

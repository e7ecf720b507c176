"""`seq2seq score`: how probable given translations are."""

import json
from collections.abc import Callable, Iterable
from math import exp
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.explanations import is_json_lines, token_cells
from seq2seq.cli.options import pairs as options
from seq2seq.cli.options import search
from seq2seq.cli.options.pairs import DATA
from seq2seq.cli.options.run import With, together
from seq2seq.cli.outputs import check_outputs, open_lines
from seq2seq.report import Report

RESULT = "Results"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq score runs/ende --data corpus/train --output scores.tsv

  seq2seq score runs/ende --data corpus.tsv | paste - corpus.tsv | awk -F'\\t' '$1 > -3' | cut -f 4-

  seq2seq score runs/ende --data corpus.tsv --tokens --output scores.jsonl
"""


@search.options({name: search.SEARCH[name] for name in ("length_penalty", "batch_tokens")})
def score(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    data: Annotated[
        str,
        Option(
            help="Pairs: PREFIX of the files PREFIX.source and PREFIX.target, plain or .gz; or a TSV or CSV file; or "
            "tfds:NAME/CONFIG, hf:NAME.",
            rich_help_panel=DATA,
        ),
    ],
    source: options.Source = None,
    target: options.Target = None,
    header: options.Header = None,
    swap: options.Swap = None,
    limit: Annotated[
        int | None, Option(min=1, help="Read only the first lines.", show_default="all", rich_help_panel=DATA)
    ] = None,
    output: Annotated[
        Path | None,
        Option(
            help="File for the scores: JSON Lines if its name ends in .jsonl or .jsonl.gz, else TSV.",
            show_default="standard output, as TSV",
            rich_help_panel=RESULT,
        ),
    ] = None,
    tokens: Annotated[
        bool,
        Option("--tokens", help="Tell the tokens of each target and their log-probabilities.", rich_help_panel=RESULT),
    ] = False,
    with_: With = None,
    *,
    chosen: dict[str, Any],
) -> None:
    """Tell how probable a translation run finds given translations: to filter a corpus, or to rank what others wrote.

    One line out for each pair. Its columns are the score that translate would give (log-probability / tokens **
    length penalty, so by default the mean of the tokens), the log-probability of the target given the source, and the
    number of its tokens, the end of the sentence included; with --tokens also the tokens, and the log-probability of
    each, separated by spaces. Logarithms are natural. A pair with a blank side has empty cells and 0 tokens.
    """
    for each in (run, *(with_ or ())):
        check_outputs({"--output": output}, {"--data": options.files_of(data, source, target, run)}, each)
    with quiet_tensorflow(run):
        from seq2seq.inference.scorer import Scorer
        from seq2seq.inference.translation_columns import given_columns
        from seq2seq.inference.translator import Translator
        from seq2seq.text.corpus import stream_pairs

    report = ConsoleReport(stderr=True)
    translator = Translator.load(together(run, with_), report=report)
    trained = translator.config.data
    pairs = stream_pairs(
        data,
        source or trained.source,
        target or trained.target,
        columns=given_columns(data, trained, source, target, header, report),
        swap=trained.swap if swap is None else swap,
        split="test",
        limit=limit,
        keep_white_space=translator.config.text.keeps_white_space,
    )
    found = Scorer(translator).stream(pairs, **chosen)
    pieces_of = translator.target.pieces if tokens else None
    form = _json_line if is_json_lines(output) else _row
    _write(found, output, lambda each: form(each, pieces_of), report)


def _write(found: Iterable, output: Path | None, form: Callable[[Any], str], report: ConsoleReport) -> None:
    """Write a line for each score, and tell what they come to."""
    shown = report if output and str(output) != "-" else Report()
    scored = blank = tokens = unknown = 0
    total = 0.0
    with open_lines(output) as stream, shown.progress("Scoring", None, "pairs") as progress:
        for each in found:
            stream.write(form(each))
            progress.advance()
            if each is None:
                blank += 1
            else:
                scored += 1
                total += each.log_probability
                tokens += len(each.tokens)
                unknown += each.unknown
    report.say(
        f"{scored:,} pairs scored, {tokens:,} target tokens: {total / max(tokens, 1):.4f} nats per token, "
        f"perplexity {exp(-total / max(tokens, 1)):.4f}"
    )
    if blank:
        report.warn(f"{blank:,} pairs have a blank side and no score")
    if unknown:
        report.warn(
            f"{unknown:,} target tokens ({unknown / tokens:.2%}) are unknown to the run: each counts as probable as "
            "any unknown token"
        )


def _row(score, pieces_of: Callable | None) -> str:
    if score is None:
        return "\t\t0" + "\t\t" * bool(pieces_of) + "\n"
    cells = [f"{score.score:.4f}", f"{score.log_probability:.4f}", f"{len(score.tokens)}"]
    if pieces_of:
        cells += token_cells(pieces_of(score.tokens), score.log_probabilities)
    return "\t".join(cells) + "\n"


def _json_line(score, pieces_of: Callable | None) -> str:
    found = {"score": None, "log_probability": None, "num_tokens": 0}
    if score is not None:
        found = {"score": score.score, "log_probability": score.log_probability, "num_tokens": len(score.tokens)}
    if pieces_of:
        found["tokens"] = pieces_of(score.tokens) if score else []
        found["token_log_probabilities"] = score.log_probabilities.tolist() if score else []
    return json.dumps(found, ensure_ascii=False) + "\n"

"""`seq2seq evaluate`: a trained run against references."""

import json
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from seq2seq.cli import search
from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.outputs import check_file, open_lines, write_text

DATA, RESULT = "Data", "Results"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq evaluate runs/ende --data corpus/test --beam-size 5

  seq2seq evaluate runs/ende --data corpus/test --json metrics.json --output test.hyp --examples 10
"""


def evaluate(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    data: Annotated[
        str,
        Option(
            help="Test pairs: PREFIX of the files PREFIX.source and PREFIX.target, plain or .gz; or a TSV file; or "
            "tfds:NAME/CONFIG.",
            rich_help_panel=DATA,
        ),
    ],
    source: Annotated[
        str | None,
        Option(help="Suffix of the source file, or TFDS feature.", show_default="the run's", rich_help_panel=DATA),
    ] = None,
    target: Annotated[
        str | None,
        Option(help="Suffix of the target file, or TFDS feature.", show_default="the run's", rich_help_panel=DATA),
    ] = None,
    swap: Annotated[
        bool | None,
        Option(
            "--swap/--no-swap",
            help="Source is the second column.",
            show_default="as in training",
            rich_help_panel=DATA,
        ),
    ] = None,
    limit: Annotated[
        int | None, Option(min=1, help="Read only the first lines.", show_default="all", rich_help_panel=DATA)
    ] = None,
    beam_size: search.BeamSize = None,
    length_penalty: search.LengthPenalty = None,
    max_length_ratio: search.MaxLengthRatio = None,
    batch_tokens: search.BatchTokens = None,
    json_: Annotated[
        Path | None,
        Option(
            "--json", help="File for the figures; - for standard output.", show_default="none", rich_help_panel=RESULT
        ),
    ] = None,
    output: Annotated[
        Path | None,
        Option(help="File for the translations, one a line.", show_default="none", rich_help_panel=RESULT),
    ] = None,
    examples: Annotated[
        int, Option(min=0, help="How many of the worst and of random translations to show.", rich_help_panel=RESULT)
    ] = 3,
) -> None:
    """Measure a run: BLEU, chrF, TER, exact match, error rates and perplexity on pairs it has not seen.

    Scores are those of sacrebleu on plain text, each with its signature.
    """
    check_file(json_, "--json")
    check_file(output, "--output")

    with quiet_tensorflow():
        from seq2seq.tasks import translation as task

    report = ConsoleReport(stderr=True)
    translator = task.Translator.load(run, report=report)
    result = task.evaluate(
        translator,
        data,
        source=source,
        target=target,
        swap=swap,
        limit=limit,
        num_examples=examples,
        report=report,
        **search.given(
            beam_size=beam_size,
            length_penalty=length_penalty,
            max_length_ratio=max_length_ratio,
            batch_tokens=batch_tokens,
        ),
    )
    if output:
        with open_lines(output) as stream:
            stream.writelines(f"{hypothesis.text}\n" for hypothesis in result.hypotheses)
    if json_:
        write_text(json_, json.dumps(result.as_dict(), ensure_ascii=False, indent=2) + "\n")
    # Standard output is for the figures: as JSON where it is asked for there, as a table else.
    shown = report if str(json_) == "-" else ConsoleReport()
    shown.table("Scores", ("metric", "value", "signature or definition"), result.rows())
    for example in result.examples:
        shown.table(
            f"\n{example.chosen}: pair {example.index + 1:,}, chrF2 {example.chrf:.1f}", ("", ""), _sides(example)
        )


def _sides(example) -> list[tuple[str, str]]:
    """An example as rows of a table, one text beneath the other."""
    references = [("reference", text) for text in example.references]
    return [("source", example.source), *references, ("translation", example.hypothesis)]

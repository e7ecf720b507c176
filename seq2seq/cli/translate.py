"""`seq2seq translate`: texts through a trained run."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TextIO

from typer import Argument, Option

from seq2seq.cli.arriving import arriving, standard_input
from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.explanations import alignment_rows, explained, token_cells
from seq2seq.cli.options import search
from seq2seq.cli.options.run import With, together
from seq2seq.cli.outputs import check_outputs, check_picture, open_lines, partial_file
from seq2seq.errors import InputError
from seq2seq.report import Report

TEXT = "Input and output"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq translate runs/ende "A man is riding a bike."

  seq2seq translate runs/ende --input test.en --output test.de --beam-size 5

  zcat big.en.gz | seq2seq translate runs/ende --beam-size 5 --n-best 3 > big.tsv

  seq2seq translate runs/ende --with runs/ende2 --with runs/ende3 --input test.en --output test.de

  seq2seq translate runs/ende "A dog runs." --attention attention.png

  seq2seq translate runs/ende --input test.en --output test.de --alignment test.align

  seq2seq translate runs/ende "A dog runs." --temperature 0.8 --top-p 0.95 --seed 7

  seq2seq translate runs/ende --input test.en --output test.de --mbr 16
"""


@search.options(search.SEARCH, search.DRAWING)
def translate(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    texts: Annotated[
        list[str] | None,
        Argument(metavar="TEXT", help="Texts to translate.", show_default="the lines of --input"),
    ] = None,
    input_: Annotated[
        Path | None,
        Option("--input", help="UTF-8 text, plain or .gz.", show_default="standard input", rich_help_panel=TEXT),
    ] = None,
    output: Annotated[
        Path | None,
        Option(
            help="File for the translations; it gets its name when all are done, until then it is FILE.partial.",
            show_default="standard output",
            rich_help_panel=TEXT,
        ),
    ] = None,
    n_best: Annotated[
        int,
        Option(
            min=1,
            help="Translations for each line, a row for each: line number, score, text. Every line has as many rows; "
            "where nothing was found score and text are empty.",
            rich_help_panel=TEXT,
        ),
    ] = 1,
    scores: Annotated[
        bool,
        Option(
            "--scores",
            help="Put the score, in nats, and a tab before each translation; no score before that of a blank line.",
            rich_help_panel=TEXT,
        ),
    ] = False,
    attention: Annotated[
        Path | None,
        Option(
            help="Draw what the translation of one TEXT looked at: .png, .svg or .pdf.",
            show_default="no picture",
            rich_help_panel=TEXT,
        ),
    ] = None,
    token_scores: Annotated[
        bool,
        Option(
            "--token-scores",
            help="Put the tokens and their log-probabilities behind each translation, as two more columns.",
            rich_help_panel=TEXT,
        ),
    ] = False,
    alignment: Annotated[
        Path | None,
        Option(
            help="File for the source word that each word attends to most: positions, 0-0 1-2, a line for each line of "
            "the output. A .jsonl file holds the tokens, their positions and the shares of attention, too.",
            show_default="none",
            rich_help_panel=TEXT,
        ),
    ] = None,
    with_: With = None,
    *,
    chosen: dict[str, Any],
) -> None:
    """Translate texts, the lines of a file or of standard input: one line out for each line in.

    A blank line (white space, characters that are not seen) gives an empty translation. A pipe is answered as its lines
    come. A TEXT that begins with a hyphen goes behind --. Standard output holds translations only; all else goes to
    standard error.
    """
    from_stdin = input_ is None or str(input_) == "-"
    if texts and input_:
        raise InputError(f"got both texts and --input {input_}: give one of them.")
    if texts and len(texts) == 1 and os.path.isfile(texts[0]):
        raise InputError(
            f"{texts[0]} is a file: to translate its lines write --input {texts[0]}; if it is a text, "
            "give it through standard input."
        )
    _refuse_runs(texts)
    if attention and (len(texts or ()) != 1):
        raise InputError(f"--attention {attention} draws one translation: give one TEXT, not {len(texts or ())}.")
    if not from_stdin and not input_.exists():
        raise InputError(f"--input {input_}: there is no such file.")
    check_picture(attention, "--attention")
    written = {"--output": output or Path("-"), "--attention": attention, "--alignment": alignment}
    for each in (run, *(with_ or ())):
        check_outputs(written, {"--input": input_}, each)

    with quiet_tensorflow(run):
        from seq2seq.inference.translator import Translator

        wanted = search.value(chosen, n_best=n_best, scored=scores or n_best > 1)
    report = ConsoleReport(stderr=True)
    translator = Translator.load(together(run, with_), report=report)
    if attention or alignment:
        translator.check_attention()
    path = None if from_stdin else input_
    shown = report if output and str(output) != "-" else Report()
    with shown.progress("Translating", _count(texts, path), "lines") as progress:
        chunks = _chunks(texts, path, report)
        translate_all = partial(translator.stream_chunks, search=wanted, ahead=0, progress=progress)
        if token_scores or alignment:
            from seq2seq.inference.scorer import Scorer

            found = explained(translate_all, chunks, Scorer(translator), aligned=alignment is not None)
        else:
            found = translate_all(chunks)
        if attention:  # of one text, whose translation is drawn below
            found = list(found)
        with open_lines(alignment) if alignment else nullcontext() as links:
            if alignment:
                found = _aligned(found, links, partial(alignment_rows, n_best=n_best, path=alignment))
            _write(found, output, partial(_rows, n_best=n_best, scores=scores, token_scores=token_scores))
    if attention:
        _draw_attention(translator, texts[0], found[0][0], attention, wanted)


def _refuse_runs(texts: list[str] | None) -> None:
    """Raise InputError where what is taken for a text is a run: only the first argument is."""
    for text in texts or ():
        if os.path.isdir(text) and os.path.isfile(os.path.join(text, "config.json")):
            raise InputError(f"{text} is a run, and is taken for a text: for both runs together write --with {text}.")


def _count(texts: list[str] | None, path: Path | None) -> int | None:
    """How many lines there will be, where that is cheap to know."""
    if texts:
        return len(texts)
    if path is None or not path.is_file() or path.suffix == ".gz":
        return None
    with path.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))


def _chunks(texts: list[str] | None, path: Path | None, report: Report) -> Iterator[list[str]]:
    """What is translated together: thousands of lines of a file; of a pipe or a terminal what has come of them."""
    from seq2seq.inference.lines import full
    from seq2seq.inference.translator import LINES_AT_ONCE
    from seq2seq.text.splitting import read_lines

    if texts:
        return full(texts, LINES_AT_ONCE)
    stream, grows = (path, not path.is_file()) if path else standard_input()
    if not path and sys.stdin.isatty():
        report.say("Type a line to translate; Ctrl-D ends.")
    return (arriving if grows else full)(read_lines(stream), LINES_AT_ONCE)


def _aligned(found: Iterable[list[list]], links: TextIO, rows: Callable[[list, int], str]) -> Iterator[list[list]]:
    """The same hypotheses, while `rows` of their alignments are written."""
    done = 0
    for chunk in found:
        links.write("".join(rows(hypotheses, number) for number, hypotheses in enumerate(chunk, done + 1)))
        links.flush()
        done += len(chunk)
        yield chunk


def _write(found: Iterable[list[list]], output: Path | None, rows: Callable[[list, int], str]) -> None:
    """Write `rows` of each line, those of lines that were translated together at once."""
    done = 0
    try:
        with open_lines(output) as stream:
            for chunk in found:
                stream.write("".join(rows(hypotheses, number) for number, hypotheses in enumerate(chunk, done + 1)))
                stream.flush()  # whoever wrote these lines may wait for them
                done += len(chunk)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(_kept(output, done)) from stop
    except InputError as error:
        raise InputError(f"{error} {_kept(output, done)}".strip()) from error


def _kept(output: Path | None, done: int) -> str:
    if output is None or str(output) == "-" or not done:
        return ""
    return f"The translations of the first {done:,} lines are in {partial_file(output)}."


def _rows(hypotheses: list, number: int, n_best: int, scores: bool, token_scores: bool = False) -> str:
    """The rows of a line, `n_best` of them; where nothing was found, all cells but the number are empty."""
    from seq2seq.text.splitting import one_line

    rows = []
    for each in [*hypotheses, *[None] * (n_best - len(hypotheses))]:
        cells = [str(number)] if n_best > 1 else []
        if scores or n_best > 1:
            cells.append(f"{each.score:.4f}" if each else "")
        cells.append(one_line(each.text) if each else "")
        if token_scores:
            cells += token_cells(each.pieces, each.log_probabilities) if each else ["", ""]
        rows.append("\t".join(cells) + "\n")
    return "".join(rows)


def _draw_attention(translator, text: str, hypotheses: list, path: Path, wanted) -> None:
    from seq2seq.plots import attention_heatmap, save_figure

    if not hypotheses:
        raise InputError(f"--attention {path}: the text is blank, there is nothing to draw.")
    seen = translator.attention_of(text, hypotheses[0], wanted)
    save_figure(attention_heatmap(seen.weights, seen.source_pieces, seen.target_pieces), path)

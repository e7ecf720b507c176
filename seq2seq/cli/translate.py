"""`seq2seq translate`: texts through a trained run."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.options import search
from seq2seq.cli.outputs import check_file, check_picture, open_lines, partial_file
from seq2seq.errors import InputError
from seq2seq.report import Report

TEXT, SAMPLING = "Input and output", "Sampling instead of search"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq translate runs/ende "A man is riding a bike."

  seq2seq translate runs/ende --input test.en --output test.de --beam-size 5

  zcat big.en.gz | seq2seq translate runs/ende --beam-size 5 --n-best 3 > big.tsv

  seq2seq translate runs/ende "A dog runs." --attention attention.png

  seq2seq translate runs/ende "A dog runs." --temperature 0.8 --top-p 0.95 --seed 7
"""


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
            help="Translations for each line. With more than one the columns are line number, score, text.",
            rich_help_panel=TEXT,
        ),
    ] = 1,
    scores: Annotated[
        bool,
        Option("--scores", help="Put the score, in nats, and a tab before each translation.", rich_help_panel=TEXT),
    ] = False,
    attention: Annotated[
        Path | None,
        Option(
            help="Draw what the translation of one TEXT looked at: .png, .svg or .pdf.",
            show_default="no picture",
            rich_help_panel=TEXT,
        ),
    ] = None,
    beam_size: search.BeamSize = None,
    length_penalty: search.LengthPenalty = None,
    max_length_ratio: search.MaxLengthRatio = None,
    batch_tokens: search.BatchTokens = None,
    temperature: Annotated[
        float | None,
        Option(
            help="Draw translations at random: 1.0 as the model believes, less is safer.",
            show_default="no sampling",
            rich_help_panel=SAMPLING,
        ),
    ] = None,
    top_k: Annotated[
        int | None,
        Option(help="Draw from the k likeliest tokens.", show_default="all", rich_help_panel=SAMPLING),
    ] = None,
    top_p: Annotated[
        float | None,
        Option(
            help="Draw from the fewest tokens with this share of the probability.",
            show_default="1.0",
            rich_help_panel=SAMPLING,
        ),
    ] = None,
    seed: Annotated[int | None, Option(help="Decides the draws.", show_default="0", rich_help_panel=SAMPLING)] = None,
) -> None:
    """Translate texts, the lines of a file or of standard input: one line out for each line in.

    A blank line gives a blank line. Standard output holds translations only; all else goes to standard error.
    """
    from_stdin = input_ is None or str(input_) == "-"
    if texts and input_:
        raise InputError(f"got both texts and --input {input_}: give one of them.")
    if attention and (len(texts or ()) != 1):
        raise InputError(f"--attention {attention} draws one translation: give one TEXT, not {len(texts or ())}.")
    if not from_stdin and output and input_.resolve() == output.resolve():
        raise InputError(f"--output {output} is the input: name another file.")
    if not from_stdin and not input_.exists():
        raise InputError(f"--input {input_}: there is no such file.")
    check_file(output, "--output")
    check_picture(attention, "--attention")
    check_file(attention, "--attention")
    options = search.given(beam_size=beam_size, length_penalty=length_penalty, max_length_ratio=max_length_ratio)
    sampling = _sampling(temperature, top_k=top_k, top_p=top_p, seed=seed)

    with quiet_tensorflow():
        from seq2seq.decoding.sampling import Sampling
        from seq2seq.inference.translator import Translator

    if sampling:
        options["sampling"] = Sampling(**sampling)
        options.setdefault("beam_size", 1)  # whatever the run searches with, a draw follows one hypothesis
    report = ConsoleReport(stderr=True)
    translator = Translator.load(run, report=report)
    options |= search.given(batch_tokens=batch_tokens)
    listed = {"n_best": n_best, "scored": scores or n_best > 1}
    found = _hypotheses(translator, texts, None if from_stdin else input_, report, **listed, **options)
    _write(found, output, scores, n_best, _count(texts, input_), report)
    if attention:
        _draw_attention(translator, texts[0], attention, options)


def _sampling(temperature: float | None, **rest: Any) -> dict[str, Any]:
    rest = search.given(**rest)
    if temperature is None:
        if rest:
            options = ", ".join(f"--{name.replace('_', '-')}" for name in rest)
            raise InputError(f"{options} says how to sample: add --temperature, 1.0 for the model's own probabilities.")
        return {}
    return {"temperature": temperature, **rest}


def _count(texts: list[str] | None, path: Path | None) -> int | None:
    """How many lines there will be, where that is cheap to know."""
    if texts:
        return len(texts)
    if path is None or not path.is_file() or path.suffix == ".gz":
        return None
    with path.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))


def _hypotheses(translator, texts: list[str] | None, path: Path | None, report, **options: Any) -> Iterator[list]:
    if texts:
        return translator.stream(texts, **options)
    from seq2seq.text.corpus import read_lines

    if path:
        return translator.stream(read_lines(path), **options)
    lines = read_lines(sys.stdin.buffer)
    if not sys.stdin.isatty():
        return translator.stream(lines, **options)
    # Somebody types: each line is answered at once, not when a batch is full.
    report.say("Type a line to translate; Ctrl-D ends.")
    return (found for line in lines for found in translator.stream([line], **options))


def _write(found: Iterable[list], output: Path | None, scores: bool, n_best: int, total: int | None, report) -> None:
    done = 0
    shown = report if output and str(output) != "-" else Report()
    try:
        with open_lines(output) as stream, shown.progress("Translating", total, "lines") as progress:
            for done, hypotheses in enumerate(found, 1):
                stream.write(_formatted(hypotheses, done, scores, n_best))
                progress.advance()
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(_kept(output, done)) from stop
    except InputError as error:
        raise InputError(f"{error} {_kept(output, done)}".strip()) from error


def _kept(output: Path | None, done: int) -> str:
    if output is None or str(output) == "-" or not done:
        return ""
    return f"The translations of the first {done:,} lines are in {partial_file(output)}."


def _formatted(hypotheses: list, number: int, scores: bool, n_best: int) -> str:
    if not hypotheses:
        return "\n"
    if n_best > 1:
        return "".join(f"{number}\t{each.score:.4f}\t{each.text}\n" for each in hypotheses)
    best = hypotheses[0]
    return f"{best.score:.4f}\t{best.text}\n" if scores else f"{best.text}\n"


def _draw_attention(translator, text: str, path: Path, options: dict[str, Any]) -> None:
    from seq2seq.plots import attention_heatmap, save_figure

    seen = translator.attention(text, **options)
    save_figure(attention_heatmap(seen.weights, seen.source_pieces, seen.target_pieces), path)

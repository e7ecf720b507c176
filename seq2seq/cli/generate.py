"""`seq2seq generate`: a trained language model writes on."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.outputs import check_outputs, open_lines
from seq2seq.errors import InputError

TEXT, RESULT, SAMPLING = "Text", "Results", "Sampling"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq generate runs/poet --prompt "The sea" --length 400 --temperature 0.8

  seq2seq generate runs/poet --prompt "The sea" --count 5 --top-p 0.95 --seed 7 --output verses.txt

  seq2seq generate runs/poet --prompt "$(cat beginning.txt)" --temperature 0
"""


def generate(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained language model.")],
    prompt: Annotated[
        str,
        Option(
            help="The beginning of the text; the model reads it and goes on.",
            show_default="none: the beginning of a line",
            rich_help_panel=TEXT,
        ),
    ] = "",
    length: Annotated[int, Option(min=1, help="Characters to write after the prompt.", rich_help_panel=TEXT)] = 400,
    count: Annotated[int, Option(min=1, help="Texts to write from the same prompt.", rich_help_panel=RESULT)] = 1,
    output: Annotated[
        Path | None,
        Option(help="File for the texts.", show_default="standard output", rich_help_panel=RESULT),
    ] = None,
    temperature: Annotated[
        float,
        Option(
            min=0.0,
            help="1 draws characters as probable as the model believes, less is safer; 0 always takes the likeliest.",
            rich_help_panel=SAMPLING,
        ),
    ] = 1.0,
    top_k: Annotated[
        int | None,
        Option(min=1, help="Draw from the k likeliest characters.", show_default="all", rich_help_panel=SAMPLING),
    ] = None,
    top_p: Annotated[
        float | None,
        Option(
            help="Draw from the fewest characters with this share of the probability.",
            show_default="1.0",
            rich_help_panel=SAMPLING,
        ),
    ] = None,
    seed: Annotated[int | None, Option(help="Decides the draws.", show_default="0", rich_help_panel=SAMPLING)] = None,
) -> None:
    """Write text with a model of `train language-model`: the prompt, and what the model makes of it.

    Of several texts each comes after a line with its number.
    """
    check_outputs({"--output": output}, {}, run)
    asked = {"top_k": top_k, "top_p": top_p, "seed": seed}
    drawing = {name: value for name, value in asked.items() if value is not None}
    if drawing and not temperature:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in drawing)
        raise InputError(f"{options} does nothing with --temperature 0, which draws nothing: leave it out.")

    with quiet_tensorflow(run):
        from seq2seq.decoding.sampling import Sampling
        from seq2seq.inference.writer import Writer

    sampling = Sampling(temperature, **drawing) if temperature else None
    writer = Writer.load(run, report=ConsoleReport(stderr=True))
    texts = writer.write(prompt, length, sampling, count)
    with open_lines(output) as stream:
        for number, text in enumerate(texts, 1):
            if count > 1:
                stream.write(f"--- {number} of {count} ---\n")
            stream.write(f"{prompt}{text}\n")

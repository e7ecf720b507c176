"""All commands under one name, `seq2seq`."""

import sys
from typing import Any

import typer

from seq2seq.cli import (
    batch,
    demo,
    detect,
    doctor,
    evaluate,
    explain,
    export,
    forecast,
    generate,
    info,
    recipes,
    reconstruct,
    score,
    serve,
    train,
    translate,
)
from seq2seq.cli.command import SETTINGS, Command
from seq2seq.cli.options.version import version_option

app = typer.Typer(
    name="seq2seq",
    help="Train LSTM sequence-to-sequence models, and use them.",
    epilog="Every command explains itself: seq2seq COMMAND --help",
    **SETTINGS,
)
app.callback()(version_option())
app.command("demo", cls=Command, epilog=demo.EXAMPLES)(demo.demo)
app.add_typer(train.app, name="train")
app.add_typer(batch.app, name="batch")
app.command("translate", cls=Command, epilog=translate.EXAMPLES)(translate.translate)
app.command("reconstruct", cls=Command, epilog=reconstruct.EXAMPLES)(reconstruct.reconstruct)
app.command("detect", cls=Command, epilog=detect.EXAMPLES)(detect.detect)
app.command("forecast", cls=Command, epilog=forecast.EXAMPLES)(forecast.forecast)
app.command("export", cls=Command, epilog=export.EXAMPLES)(export.export)
app.command("serve", cls=Command, epilog=serve.EXAMPLES)(serve.serve)
app.command("evaluate", cls=Command, epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command("explain", cls=Command, epilog=explain.EXAMPLES)(explain.explain)
app.command("score", cls=Command, epilog=score.EXAMPLES)(score.score)
app.command("info", cls=Command, epilog=info.EXAMPLES)(info.info)
app.command("recipes", cls=Command, epilog=recipes.EXAMPLES)(recipes.recipes)
app.command("doctor", cls=Command, epilog=doctor.EXAMPLES)(doctor.doctor)
app.command("generate", cls=Command, epilog=generate.EXAMPLES)(generate.generate)


def main(command: str | None = None) -> None:
    """Run `seq2seq`, or one command of it as a program of its own, with the arguments of the process; then exit.

    Args:
        command: name of the one command, such as `"translate"`.
    """
    program: Any = typer.main.get_command(app)
    if command is None:
        program(prog_name="seq2seq")
    program.commands[command](prog_name=sys.argv[0])

"""`seq2seq-run`: the commands that use a run, for exported folders and without TensorFlow."""

import functools
from collections.abc import Callable

import typer

from seq2seq.cli import detect, forecast, generate, info, reconstruct, serve, translate
from seq2seq.cli.command import SETTINGS, Command
from seq2seq.cli.options.version import version_option
from seq2seq.errors import InputError, installed_for


class RuntimeCommand(Command):
    """A command on an exported folder, which runs on the processor."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.params = [each for each in self.params if each.name != "device"]


app = typer.Typer(
    name="seq2seq-run",
    help="Use folders that seq2seq export has written, without TensorFlow.",
    epilog="Every command explains itself: seq2seq-run COMMAND --help",
    **SETTINGS,
)
app.callback()(version_option())


def _add(name: str, command: Callable, examples: str) -> None:
    """The command of `seq2seq` called `name`, for exported folders alone."""

    @functools.wraps(command)
    def checked(**arguments):
        from seq2seq.runtime.folder import is_exported

        for run in arguments.get("runs") or [arguments["run"]]:
            if not is_exported(run):
                what = "a run, not an exported folder" if (run / "config.json").is_file() else "no exported folder"
                raise InputError(f"{run} is {what}: make one with seq2seq export RUN --output DIR.")
        try:
            return command(**arguments)
        except ModuleNotFoundError as error:  # an installation without TensorFlow may lack what this needs
            advice = installed_for(error.name)
            raise InputError(f"{name} needs {error.name}, which is not installed: {advice}.") from error

    epilog = examples.replace("  seq2seq ", "  seq2seq-run ").replace("| seq2seq ", "| seq2seq-run ")
    app.command(name, cls=RuntimeCommand, epilog=epilog)(checked)


_add("translate", translate.translate, translate.EXAMPLES)
_add("generate", generate.generate, generate.EXAMPLES)
_add("reconstruct", reconstruct.reconstruct, reconstruct.EXAMPLES)
_add("detect", detect.detect, detect.EXAMPLES)
_add("forecast", forecast.forecast, forecast.EXAMPLES)
_add("info", info.info, info.EXAMPLES)
_add("serve", serve.serve, serve.EXAMPLES)


def main() -> None:
    """Run `seq2seq-run` with the arguments of the process; then exit."""
    typer.main.get_command(app)(prog_name="seq2seq-run")

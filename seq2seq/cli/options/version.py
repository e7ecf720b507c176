"""The option of a program that tells its version."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from seq2seq.errors import is_runtime


def version_option() -> Callable:
    """The callback of a program with `--version`, which tells what is installed."""

    def program(
        shown: Annotated[
            bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show)
        ] = False,
    ) -> None: ...

    return program


def _show(wanted: bool) -> None:
    if wanted:
        distribution = "seq2seq-runtime" if is_runtime() else "seq2seq"
        try:
            typer.echo(f"{distribution} {version(distribution)}")
        except PackageNotFoundError:
            typer.echo(f"{distribution}, a checkout that is not installed")
        raise typer.Exit

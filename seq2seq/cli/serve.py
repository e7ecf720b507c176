"""`seq2seq serve`: trained runs behind HTTP."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.options.run import WithAny, members
from seq2seq.errors import InputError, installed_with

ADDRESS, WORK = "Address", "Work"
NEEDED = ("fastapi", "uvicorn", "uvloop", "httptools", "websockets", "python_multipart", "prometheus_client")
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq serve runs/ende

  seq2seq serve runs/ende runs/tanks --port 9000 --workers 2

  seq2seq serve runs/ende --with runs/ende2 --with runs/ende3

  SEQ2SEQ_TOKEN=… seq2seq serve runs/ende --host 0.0.0.0
"""


def serve(
    runs: Annotated[
        list[Path], Argument(metavar="RUN...", help="Folders of trained runs, or exported ones, each a model.")
    ],
    with_: WithAny = None,
    host: Annotated[
        str, Option(help="Address to listen at; any but this machine's own wants a token.", rich_help_panel=ADDRESS)
    ] = "127.0.0.1",
    port: Annotated[
        int, Option(min=0, max=65535, help="Port; 0 takes any that is free.", rich_help_panel=ADDRESS)
    ] = 8000,
    token: Annotated[
        str,
        Option(
            envvar="SEQ2SEQ_TOKEN",
            help="What clients must send: Authorization: Bearer TOKEN.",
            show_default="none",
            rich_help_panel=ADDRESS,
        ),
    ] = "",
    workers: Annotated[
        int,
        Option(
            min=1, help="Processes, each with its share of the cores; any that ends starts anew.", rich_help_panel=WORK
        ),
    ] = 1,
    queue: Annotated[
        int,
        Option(
            min=1,
            help="Texts, series and other work that may wait, in each process; then clients are to come again.",
            rich_help_panel=WORK,
        ),
    ] = 1024,
    time_limit: Annotated[
        float, Option(min=0.1, max=3600, help="Seconds that a request may take.", rich_help_panel=WORK)
    ] = 60.0,
) -> None:
    """Answer over HTTP what the commands answer on a file, and show a page for it.

    SIGTERM, or Ctrl-C, ends it: what has been taken is answered first.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise InputError(f"serve needs {', '.join(missing)}: {installed_with('serve')}.")
    if len(runs) == 1:  # of several, folders of seeds are refused as they are opened
        first, with_ = members(runs[0], with_)
        runs = [first]
    if workers == 1:
        _work(0, runs, with_ or (), host, port, token, queue, time_limit, shared=False)
        return

    from seq2seq.server import models, process
    from seq2seq.server.supervisor import supervise

    process.check_host(host, token)
    models.check(runs, with_ or ())  # in one place, not by each process
    with process.reserved(host, port) as kept:
        port = kept.getsockname()[1]
        arguments = runs, with_ or (), host, port, token, queue, time_limit
        code = supervise(workers, _work, arguments, ConsoleReport(stderr=True))
    raise typer.Exit(code)


def _work(
    number: int,
    runs: list[Path],
    others: Sequence[Path],
    host: str,
    port: int,
    token: str,
    queue: int,
    time_limit: float,
    shared: bool = True,
) -> None:
    """One process of a server, the first or another."""
    from seq2seq.server import process

    process.check_host(host, token)
    report = ConsoleReport(stderr=True)
    with process.bound(host, port, shared) as listening:
        with quiet_tensorflow():
            from seq2seq.inference.loaded import load_engine
            from seq2seq.server import models
            from seq2seq.server.app import Server, application

            no_gpu = dict.fromkeys(load_engine(run) for run in runs)
        for why in filter(None, no_gpu):
            report.warn(why)
        loaded = models.load(runs, others)
        guard = application(Server(loaded, queue, time_limit), token, host)
        if number == 0:
            report.say(f"{', '.join(loaded)}: {process.address_of(listening)}")
        process.run(guard, listening, time_limit)

"""`seq2seq forecast`: the next steps of a series, or of a stream."""

import csv
import signal
import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.options import series
from seq2seq.cli.outputs import check_file, check_suffix, open_lines
from seq2seq.errors import InputError

OUTPUT, STREAM = "Output", "Streaming"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq forecast runs/air --steps 24 --output forecast.csv --plot forecast.png

  seq2seq forecast runs/power --input this_week.csv --interval 0.8 --output tomorrow.csv

  tail -n +1 -f sensor.csv | seq2seq forecast runs/stream --stream --state state.npz
"""


def forecast(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    steps: Annotated[
        int | None,
        Option(
            min=1,
            help="Steps to forecast. Beyond the run's horizon, forecasts are fed back.",
            show_default="the run's horizon",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    input_: Annotated[
        str | None,
        Option(
            "--input",
            help="Series to continue, read as in training; columns are matched by name.",
            show_default="the data of the training, to their end",
            rich_help_panel=series.DATA,
        ),
    ] = None,
    array: series.Array = None,
    known: Annotated[
        str | None,
        Option(
            help="File with the columns known ahead, for the steps to forecast.",
            show_default="none",
            rich_help_panel=series.DATA,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        Option(help="CSV file for the forecast.", show_default="standard output", rich_help_panel=OUTPUT),
    ] = None,
    plot: Annotated[
        Path | None,
        Option(
            help="Draw the forecast after its history: .png, .svg or .pdf.",
            show_default="no picture",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    column: Annotated[
        str | None,
        Option(help="Column that the picture shows.", show_default="the first", rich_help_panel=OUTPUT),
    ] = None,
    interval: Annotated[
        float | None,
        Option(
            min=0.0,
            max=0.999,
            help="Share of actual values that the prediction interval is to hold; 0 for none.",
            show_default="as trained",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    stream: Annotated[
        bool,
        Option(
            "--stream",
            help="Read standard input, one step a line with commas between columns, and answer each line with the "
            "forecast of the next step. The run must be a stateful one.",
            rich_help_panel=STREAM,
        ),
    ] = False,
    state: Annotated[
        Path | None,
        Option(
            help="NPZ file of the state: read at the start if it is there, written at the end.",
            show_default="a fresh state",
            rich_help_panel=STREAM,
        ),
    ] = None,
) -> None:
    """Continue a series: its next steps with prediction intervals, in its own units, after its own times.

    With --stream, continue it for ever: a step comes in, the forecast of the next goes out.
    """
    unfit = [
        name for name, value in _windowed(steps, input_, array, known, output, plot, interval) if value is not None
    ]
    if stream and unfit:
        raise InputError(
            f"{unfit[0]} does not go with --stream, which reads standard input and writes standard output."
        )
    if state and not stream:
        raise InputError(f"--state {state} is the state of a stream: add --stream.")
    check_suffix(plot, "--plot", (".png", ".svg", ".pdf"))
    for path, option in ((output, "--output"), (plot, "--plot"), (state, "--state")):
        check_file(path, option)

    with quiet_tensorflow():
        from seq2seq.inference.forecaster import Forecaster

    report = ConsoleReport(stderr=True)
    forecaster = Forecaster.load(run)
    if stream:
        _stream(forecaster, state, report)
        return
    history = forecaster.read(input_, array=array, report=report)
    ahead = forecaster.read_known(known, report) if known else None
    found = forecaster.forecast(history, steps, known=ahead, interval=interval)
    with open_lines(output) as file:
        csv.writer(file, lineterminator="\n").writerows(_table(found, forecaster.config.data))
    if found.lower is not None:
        report.say(f"intervals are to hold {found.level:.0%} of the actual values")
    if plot:
        _draw(forecaster, history, found, column, plot)


def _windowed(steps, input_, array, known, output, plot, interval):
    names = ("--steps", "--input", "--array", "--known", "--output", "--plot", "--interval")
    return zip(names, (steps, input_, array, known, output, plot, interval), strict=True)


def _table(found, data):
    """The lines of the CSV file: group, time and, of each column, the forecast and its interval."""
    many = len(found.names) > 1 or data.group
    bounds = ("", "_low", "_high") if found.lower is not None else ("",)
    head = [data.group or "series"] * bool(many)
    yield [*head, (data.time or "time") if found.times else "step", *(c + b for c in found.columns for b in bounds)]
    for number, name in enumerate(found.names):
        parts = (found.values, found.lower, found.upper) if found.lower is not None else (found.values,)
        for step, values in enumerate(zip(*(part[number] for part in parts), strict=True)):
            time = _time(found.times[number], step) if found.times else step + 1
            numbers = [f"{part[k]:.9g}" for k in range(len(found.columns)) for part in values]
            yield [*([name] if many else []), time, *numbers]


def _time(times, step):
    if times.dtype.kind != "M":
        return f"{times[step]:.12g}"
    days = (times == times.astype("datetime64[D]")).all()
    return str(times[step].astype("datetime64[D]" if days else "datetime64[s]")).replace("T", " ")


def _draw(forecaster, history, found, column, path):
    from seq2seq.plots import forecast as draw
    from seq2seq.plots import save_figure

    column = column or found.columns[0]
    if column not in found.columns:
        raise InputError(f"--column {column}: the forecast columns are {', '.join(found.columns)}.")
    k, past = found.columns.index(column), history.select([column]).values[0]
    naive = forecaster.naive_forecasts(past, len(found.values[0]))
    figure = draw(
        past[:, 0],
        history.times and history.times[0],
        found.values[0][:, k],
        found.times and found.times[0],
        None if found.lower is None else found.lower[0][:, k],
        None if found.upper is None else found.upper[0][:, k],
        {name: values[:, 0] for name, values in naive.items()},
        column=column,
        interval=found.level or None,
        title=found.names[0],
    )
    save_figure(figure, path)


def _stream(forecaster, state, report):
    """Answer each line of standard input as it comes; whatever ends it, the state is kept."""
    from seq2seq.inference.stream import Stream

    stream = Stream(forecaster)
    if state and state.exists():
        stream.load(state)
        report.say(f"going on after {stream.steps:,} steps")
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service is stopped so: as Ctrl-C
    try:
        for number, line in enumerate(sys.stdin, 1):
            line = line.rstrip("\r\n")
            if number == 1 and stream.is_header(line):
                stream.read_header(line)
                _answer(",".join(stream.columns))
                continue
            try:
                following = stream.read(line)
            except InputError as error:
                report.warn(f"line {number}: {error}; the state is as it was")
                continue
            _answer(",".join(f"{value:.9g}" for value in following))
    finally:
        if state:
            stream.save(state)


def _answer(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()

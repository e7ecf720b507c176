"""`seq2seq forecast`: the next steps of a series, or of a stream."""

import csv
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.options import forecasts, series
from seq2seq.cli.options.run import WithForecaster, members, together
from seq2seq.cli.outputs import check_csv, check_outputs, check_picture, write_all, write_csv
from seq2seq.errors import InputError
from seq2seq.report import counted

OUTPUT, STREAM = "Output", "Streaming"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq forecast runs/air --steps 24 --output forecast.csv --plot forecast.png

  seq2seq forecast runs/power --input this_week.csv --interval 0.8 --output tomorrow.csv

  seq2seq forecast runs/air --baseline ridge --output ridge.csv

  seq2seq forecast runs/air --with runs/air2 --with runs/air3 --output forecast.csv

  tail -n +1 -f sensor.csv | seq2seq forecast runs/stream --stream --state state.npz
"""


def forecast(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    steps: forecasts.Steps = None,
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
    known: forecasts.Known = None,
    output: Annotated[
        Path | None,
        Option(help="CSV file for the forecast.", show_default="standard output", rich_help_panel=OUTPUT),
    ] = None,
    plot: Annotated[
        Path | None,
        Option(
            help="Draw the forecast after its history: .png, .svg or .pdf.",
            show_default="no picture",
            rich_help_panel=series.PICTURE,
        ),
    ] = None,
    column: series.Column = None,
    show: series.Show = None,
    interval: forecasts.Interval = None,
    baseline: forecasts.Baseline = None,
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
            help="NPZ file of the state: read at the start if it is there, written after each answer.",
            show_default="a fresh state",
            rich_help_panel=STREAM,
        ),
    ] = None,
    header: Annotated[
        bool,
        Option(
            "--header",
            help="The first line names the columns, whatever they are called; else it does where it has names of "
            "the run's columns and no number.",
            rich_help_panel=STREAM,
        ),
    ] = False,
    times: Annotated[
        bool,
        Option(
            "--times",
            help="Lines have a time, which the header names as the training data do, or which comes first; each answer "
            "begins with the time that it is for.",
            rich_help_panel=STREAM,
        ),
    ] = False,
    with_: WithForecaster = None,
) -> None:
    """Continue a series: its next steps with prediction intervals, in its own units, after its own times.

    With --stream, continue it for ever: a step comes in, the forecast of the next goes out.
    """
    given = _windowed(steps, input_, array, known, output, plot, column, show, with_, baseline)
    unfit = [name for name, value in given if value is not None]
    if stream and unfit:
        raise InputError(
            f"{unfit[0]} does not go with --stream, which reads standard input and writes standard output."
        )
    forecasts.check_baseline(baseline, interval)
    if state and not stream:
        raise InputError(f"--state {state} is the state of a stream: add --stream.")
    if (header or times) and not stream:
        raise InputError(f"--{'header' if header else 'times'} is of the lines of a stream: add --stream.")
    if str(state) == "-":
        raise InputError("--state - : the state is written again after each answer, so it needs a file; name one.")
    if stream and sys.stdin is None:
        raise InputError("--stream reads standard input, which is closed: pipe lines into it.")
    check_picture(plot, "--plot")
    series.check_of_picture(plot, "--column", column)
    series.check_of_picture(plot, "--show", show)
    run, with_ = members(run, with_)
    read = {"--input": input_ or series.location_of(run), "--known": known}
    for each in (run, *(with_ or ())):
        check_outputs({"--output": output, "--plot": plot, "--state": state}, read, each)
    check_csv(output, "--output")

    with quiet_tensorflow(run):
        from seq2seq.inference.baseline_forecasts import forecast_by
        from seq2seq.inference.forecast_lines import forecast_lines
        from seq2seq.inference.forecaster import Forecaster
        from seq2seq.inference.series_data import warn_left_out

    report = ConsoleReport(stderr=True)
    forecaster = Forecaster.load(together(run, with_))
    if stream:
        _stream(forecaster, state, header, interval, times, report)
        return
    column = series.drawn_column(column, forecaster.columns.targets)
    history = forecaster.read(input_, array=array, report=report)
    ahead = forecaster.read_known(known, report) if known else None
    rejected: list[tuple[str, str]] = []
    history = forecaster.usable(history, steps, rejected)
    warn_left_out(rejected, report)
    shown = series.position_of(history.names, show)
    if baseline is not None:
        made = forecast_by(baseline, forecaster, history, steps, known=ahead, report=report)
    else:
        made = forecaster.forecast(history, steps, known=ahead, interval=interval, report=report)
    outputs = [(output, partial(write_csv, output, forecast_lines(made, forecaster.config.data)))]
    if plot:
        outputs.append((plot, partial(_draw, forecaster, history, ahead, made, column, shown, baseline, plot)))
    write_all(*outputs)
    for note in made.notes:
        report.warn(note)
    if made.level and not made.notes:
        several = len(forecaster.members)
        of = f"are the means of {several}, each of which is" if several > 1 else "are"
        report.say(f"intervals {of} to hold {made.level:.0%} of the actual values")


def _windowed(*values):
    names = "steps", "input", "array", "known", "output", "plot", "column", "show", "with", "baseline"
    return zip((f"--{name}" for name in names), values, strict=True)


def _draw(forecaster, history, ahead, made, column, shown, baseline, path):
    from seq2seq.inference.baseline_forecasts import drawn_baselines
    from seq2seq.plots import forecast as draw
    from seq2seq.plots import save_figure

    k, past = made.columns.index(column), history.select([column]).values[shown]
    beside = drawn_baselines(forecaster, history.take([shown]), len(made.values[shown]), ahead)
    title = series.picture_title(column, made.columns, made.names[shown], made.names, forecaster.config.data.group)
    figure = draw(
        past[:, 0],
        history.times and history.local_times[shown],
        made.values[shown][:, k],
        made.times and made.clock.local(made.times[shown]),
        None if made.lower is None else made.lower[shown][:, k],
        None if made.upper is None else made.upper[shown][:, k],
        {name: each.values[0][:, k] for name, each in beside.items() if name != baseline},
        column=column,
        interval=made.level or None,
        title=f"{title}, forecast by {baseline}" if baseline else title,
    )
    save_figure(figure, path)


def _stream(forecaster, state, header, interval, times, report):
    """Answer each line of standard input as it comes with one line, empty where it cannot be used."""
    from seq2seq.inference.stream import Stream

    stream = Stream(forecaster, interval or 0.0, times, report)
    if state and state.exists():
        stream.load(state)
        report.say(f"going on after {counted(stream.steps, 'step')}")
    sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service is stopped so: as Ctrl-C
    for number, line in enumerate(sys.stdin, 1):
        line = line.rstrip("\r\n")
        if number == 1 and (header or stream.is_header(line)):
            stream.read_header(line)
            _answer(stream.header)
            continue
        try:
            _answer(stream.answer(line))
        except InputError as error:
            report.warn(f"line {number}: {error}; its answer is empty, and the state is as it was")
            _answer([])
            continue
        # After each answer: whatever ends this process, and be it SIGKILL, costs one line at most.
        if state:
            stream.save(state)


def _answer(cells):
    csv.writer(sys.stdout, lineterminator="\n").writerow(cells)
    sys.stdout.flush()

"""`seq2seq detect`: anomalies, by the errors of a trained autoencoder."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated, get_args

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.options import series as options
from seq2seq.cli.outputs import check_outputs, check_picture, write_all, write_csv, write_text
from seq2seq.config.series import Threshold
from seq2seq.errors import InputError

LABELS, OUTPUT, THRESHOLD = "Labels", "Output", "Threshold"
KINDS = get_args(Threshold)
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq detect runs/ecg --input ECG5000.npz --array X_test --labels ECG5000.npz:y_test_anomaly --output scores.csv

  seq2seq detect runs/tanks --input test.csv --labels faults.json --output scores.csv --plot scores.png --show T2

  seq2seq detect runs/tanks --input june.csv --threshold quantile=0.999 --output june_scores.csv
"""


def detect(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    input_: Annotated[
        str,
        Option(
            "--input",
            help="Data to score, read as in training; columns are matched by name.",
            rich_help_panel=options.DATA,
        ),
    ],
    array: options.Array = None,
    keep: options.Keep = None,
    labels: Annotated[
        str | None,
        Option(
            metavar="FILE:KEY",
            help="What is known to be anomalous: 1 and 0 for each sequence, or each step of series, as an array of an "
            "NPZ file or a column of a table; or a JSON file of labelled windows, {name: \\[\\[start, end], …]}.",
            show_default="none",
            rich_help_panel=LABELS,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        Option(
            help="CSV file for the scores.", show_default="standard output, unless labelled", rich_help_panel=OUTPUT
        ),
    ] = None,
    per_step: Annotated[
        bool,
        Option(
            "--per-step", help="A line for each step, also where whole sequences are scored.", rich_help_panel=OUTPUT
        ),
    ] = False,
    json_: Annotated[
        Path | None,
        Option(
            "--json", help="JSON file for the figures against the labels.", show_default="none", rich_help_panel=OUTPUT
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        Option(
            help="Draw the scores with threshold and labels: .png, .svg or .pdf.",
            show_default="no picture",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    show: Annotated[
        str | None,
        Option(
            help="Name of the series that the picture shows.",
            show_default="that with the highest score",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    threshold: Annotated[
        str | None,
        Option(
            metavar="KIND=VALUE",
            help="Fit another threshold to the held-out scores of the run: quantile=0.999, sigma=3 or pot=0.001; or "
            "f_beta=1 to those of --held-out.",
            show_default="as trained",
            rich_help_panel=THRESHOLD,
        ),
    ] = None,
    held_out: Annotated[
        str | None,
        Option(
            metavar="FILE:ARRAY",
            help="Labelled data for the threshold by f_beta; other than those scored.",
            show_default="none",
            rich_help_panel=THRESHOLD,
        ),
    ] = None,
    held_out_labels: Annotated[
        str | None,
        Option(metavar="FILE:KEY", help="Their labels.", show_default="none", rich_help_panel=THRESHOLD),
    ] = None,
) -> None:
    """Score data by how badly an autoencoder writes them again, and raise alarms above a threshold.

    The threshold was fitted on a part of the training data that trained nothing, never on what is scored. With labels
    the scores are measured, beside those of principal components that were fitted in the same way.
    """
    kind = _threshold(threshold)
    by_labels = kind is not None and kind[0] == "f_beta"
    if {held_out is not None, held_out_labels is not None} != {by_labels}:
        raise InputError("--threshold f_beta=BETA, --held-out and --held-out-labels go together: give all or none.")
    if json_ and not labels:
        raise InputError(f"--json {json_} is for the figures against labels: add --labels.")
    check_picture(plot, "--plot")
    read = {"--input": input_, "--labels": labels, "--held-out": held_out, "--held-out-labels": held_out_labels}
    check_outputs({"--output": output, "--json": json_, "--plot": plot}, read, run)

    with quiet_tensorflow():
        from seq2seq.inference.detection import detect as score
        from seq2seq.inference.detection import was_trained_on
        from seq2seq.inference.reconstructor import Reconstructor
        from seq2seq.tasks.measure_detection import measure_detection, read_labels

    report = ConsoleReport(stderr=True)
    reconstructor = Reconstructor.load(run)
    series = reconstructor.read(input_, array=array, keep=keep, report=report)
    if was_trained_on(reconstructor, input_, array):
        report.warn("the run was trained on these data: their scores are lower than those of others")
    shown = None if show is None else options.position_of(series, show)
    known = read_labels(labels, reconstructor, series, input_, keep=keep) if labels else None
    labelled = None
    if held_out:
        labelled = _held_out(reconstructor, held_out, held_out_labels, (input_, array), report)
    detection = score(reconstructor, series, threshold=kind, labelled=labelled, report=report)
    report.say(
        f"{int(detection.alarms.sum()):,} of {len(detection.alarms):,} scores are above {detection.threshold:.4g}"
    )
    figures, outputs = measure_detection(detection, known) if known else None, []
    if json_:
        outputs.append((json_, partial(write_text, json_, json.dumps(figures, indent=2) + "\n")))
    if output or not (known or plot):
        lines = _lines(detection, reconstructor.config.data, per_step)
        outputs.append((output, partial(write_csv, output, lines)))
    if plot:
        outputs.append((plot, partial(_draw, detection, known, shown, plot)))
    write_all(*outputs)
    if known:
        _show_figures(figures, detection.components, report if str(json_) == "-" else ConsoleReport())


def _show_figures(figures, components, report):
    own, pca = (
        {name.replace("_", " "): "none" if value is None else value for name, value in figures[system].items()}
        for system in ("autoencoder", "pca")
    )
    rows = [(name, value, pca[name]) for name, value in own.items()]
    report.table("Against the labels", ("", "autoencoder", f"PCA({components})"), rows)


def _threshold(text: str | None) -> tuple[str, float] | None:
    if text is None:
        return None
    kind, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = None
    if kind not in KINDS or number is None:
        raise InputError(f"--threshold {text}: expected KIND=NUMBER with one of {', '.join(KINDS)}: quantile=0.999.")
    return kind, number


def _held_out(reconstructor, location, labels, scored, report):
    from seq2seq.tasks.measure_detection import read_labels, split_location

    file, array = split_location(location)
    if Path(file).resolve() == Path(scored[0]).resolve() and array in (None, scored[1]):
        raise InputError(f"--held-out {location} are the data to be scored: a threshold is fitted on others.")
    series = reconstructor.read(file, array=array, report=report)
    return series, read_labels(labels, reconstructor, series, file)


def _lines(detection, data, per_step):
    """The lines of the CSV file: for each step, or each whole sequence, score, alarm and blame of each column."""
    import numpy as np

    from seq2seq.series.writing import cell, step_lines

    scores, columns = detection.scores, detection.series.columns
    blamed = [f"blame_{name}" for name in columns] if len(columns) > 1 else []
    if scores.samples is not None and not per_step:
        yield ["sample", "score", "alarm", *blamed]
        for name, score, alarm, blame in zip(
            detection.series.names, scores.samples, detection.alarms, scores.blame, strict=True
        ):
            shares = _shares(np.nansum(blame, axis=0)) if blamed else ()
            yield [name, cell(score), int(alarm), *map(cell, shares)]
        return
    values = []
    for number, score in enumerate(scores.steps):
        shares = _shares(scores.blame[number]).T if blamed else ()
        own = [(score > detection.threshold).astype(int), scores.windows[number]] if scores.windows else []
        values.append([score, *own, *shares])
    named = ["score", *(["alarm", "window_score"] if scores.windows else []), *blamed]
    series, unit = detection.series, "sample" if detection.series.whole else "series"
    how = {"group": data.group, "time": data.time, "clock": series.clock, "unit": unit}
    yield from step_lines(series.names, series.times, named, values, **how)


def _shares(blame):
    """Scores shared out among features → shares of the whole."""
    import numpy as np

    total = np.nansum(blame, axis=-1, keepdims=True)
    return np.divide(blame, total, out=np.full(np.shape(blame), np.nan), where=total > 0)


def _draw(detection, known, number, path):
    import numpy as np

    from seq2seq.plots import anomaly_scores, sample_scores, save_figure

    scores, series = detection.scores, detection.series
    if scores.samples is not None and number is None:
        figure = sample_scores(scores.samples, detection.threshold, known and known.values)
    else:
        if number is None:
            number = int(np.nanargmax([np.nanmax(each, initial=-np.inf) for each in scores.steps]))
        figure = anomaly_scores(
            series.times and series.local_times[number],
            scores.steps[number],
            detection.threshold,
            known.windows[number] if known and known.windows is not None else (),
            series.values[number],
            series.columns,
            series.names[number],
        )
    save_figure(figure, path)

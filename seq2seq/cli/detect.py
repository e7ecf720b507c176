"""`seq2seq detect`: anomalies, by the errors of a trained autoencoder."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated, get_args

from typer import Argument, Option

from seq2seq.cli import detected
from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.options import detection as alarms
from seq2seq.cli.options import series as options
from seq2seq.cli.options.run import WithDetector, members, together
from seq2seq.cli.outputs import check_csv, check_outputs, check_picture, check_suffix, write_all, write_csv, write_text
from seq2seq.config.series import Kind, Score
from seq2seq.errors import InputError
from seq2seq.report import Naming

LABELS, OUTPUT = "Labels", "Output"
_CHOICES = {"score": get_args(Score), "errors": get_args(Kind)}  # of what is fitted again
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq detect runs/ecg --input ECG5000.npz --array X_test --labels ECG5000.npz:y_test_anomaly --output scores.csv

  seq2seq detect runs/tanks --input test.csv --labels faults.json --output scores.csv --plot scores.png --show T2

  seq2seq detect runs/tanks --input june.csv --threshold quantile=0.999 --events june.json --merge 2h

  seq2seq detect runs/tanks --with runs/tanks2 --with runs/tanks3 --input test.csv --output scores.csv

  seq2seq detect runs/tanks --part test --from 2024-05-01 --output may.csv

  seq2seq detect runs/tanks --refit --score absolute --threshold sigma=4
"""


def detect(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    input_: Annotated[
        str | None,
        Option(
            "--input",
            help="Data to score, read as in training; columns are matched by name.",
            show_default="a part of the data of the training",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    array: options.Array = None,
    keep: options.Keep = None,
    part: Annotated[
        str | None,
        Option(
            help="Of the data of the training: test, valid, train, as that set them apart, or all.",
            show_default="test, with --from or --to all",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    from_: Annotated[
        str | None,
        Option(
            "--from",
            metavar="TIME",
            help="Score from this time on, such as 2024-05-01; what comes before is read for the first windows.",
            show_default="all",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    to: Annotated[
        str | None,
        Option(
            metavar="TIME", help="Score up to and with this time.", show_default="all", rich_help_panel=options.DATA
        ),
    ] = None,
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
    events: Annotated[
        Path | None,
        Option(
            help="File for the alarms as events, .csv or .json: start, end, peak, of several columns the one most to "
            "blame, when it was known, and with --labels how long before these.",
            show_default="none",
            rich_help_panel=alarms.EVENTS,
        ),
    ] = None,
    merge: alarms.Merge = "0",
    min_length: alarms.MinLength = "1",
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
            show_default="as trained, or refitted",
            rich_help_panel=alarms.THRESHOLD,
        ),
    ] = None,
    held_out: Annotated[
        str | None,
        Option(
            metavar="FILE:ARRAY",
            help="Labelled data for the threshold by f_beta; other than those scored.",
            show_default="none",
            rich_help_panel=alarms.THRESHOLD,
        ),
    ] = None,
    held_out_labels: Annotated[
        str | None,
        Option(metavar="FILE:KEY", help="Their labels.", show_default="none", rich_help_panel=alarms.THRESHOLD),
    ] = None,
    refit: Annotated[
        bool,
        Option(
            "--refit",
            help="Fit what errors are usual, and the threshold, again to the validation part, without training; keep "
            "them in the run. By itself it scores nothing.",
            rich_help_panel=alarms.THRESHOLD,
        ),
    ] = False,
    score: Annotated[
        str | None,
        Option(
            help="With --refit, another kind of score: absolute, squared or mahalanobis.",
            show_default="as it was",
            rich_help_panel=alarms.THRESHOLD,
        ),
    ] = None,
    errors: Annotated[
        str | None,
        Option(
            help="With --refit, other errors: of the reconstruction, of the prediction (of a model trained with "
            "model.horizon), or both.",
            show_default="as it was",
            rich_help_panel=alarms.THRESHOLD,
        ),
    ] = None,
    smoothing: Annotated[
        int | None,
        Option(
            metavar="STEPS",
            help="With --refit, of how many steps the score of a step is the mean.",
            show_default="as it was",
            rich_help_panel=alarms.THRESHOLD,
        ),
    ] = None,
    with_: WithDetector = None,
) -> None:
    """Score data by how badly an autoencoder writes them again, and raise alarms above a threshold.

    The threshold was fitted on a part of the training data that trained nothing, never on what is scored. With labels
    the scores are measured, beside those of principal components that were fitted in the same way.
    """
    kind = alarms.read_threshold(threshold)
    changes = {"score": score, "errors": errors, "smoothing": smoothing}
    changes = {name: value for name, value in changes.items() if value is not None}
    _check(kind, held_out, held_out_labels, input_, array, part, refit, changes, json_, labels)
    check_picture(plot, "--plot")
    options.check_of_picture(plot, "--show", show)
    check_suffix(events, "--events", (".csv", ".json"))
    run, with_ = members(run, with_)
    read = {"--input": input_, "--labels": labels, "--held-out": held_out, "--held-out-labels": held_out_labels}
    for each in (run, *(with_ or ())):
        check_outputs({"--output": output, "--events": events, "--json": json_, "--plot": plot}, read, each)
    check_csv(output, "--output")

    with quiet_tensorflow(run):
        import numpy as np

        from seq2seq.evaluation.events import parse_span
        from seq2seq.inference.detection import detect as score_series
        from seq2seq.inference.reconstructor import Reconstructor
        from seq2seq.runtime.folder import is_exported

    if refit and with_:
        each = ", ".join(map(str, (run, *with_)))
        raise InputError(
            f"--refit keeps what it fits in the run, and several are given: refit each by itself ({each}), all alike."
        )
    if refit and is_exported(run):
        raise InputError(f"--refit keeps what it fits in the run, of which {run} is an export: refit that, export it.")
    spans = {"merge": parse_span(merge), "min_length": parse_span(min_length)}
    if spans != {"merge": 0, "min_length": 1} and not (events or labels):
        raise InputError("--merge and --min-length are for events: add --events FILE, or --labels.")
    report = ConsoleReport(stderr=True)
    if refit:
        _refit(run, changes, kind, report)
        kind = None
        if not (input_ or part or from_ or to):
            return
    reconstructor = Reconstructor.load(together(run, with_))
    if events and not reconstructor.look_back:
        raise InputError(f"--events {events}: this run scores whole sequences, each of which is an alarm or none.")
    series, selection, name, parts = _read(reconstructor, input_, array, keep, (part, from_, to), report)
    known, labelled = None, None
    if labels:
        from seq2seq.tasks.measure_detection import measure_detection, read_labels

        known = read_labels(labels, reconstructor, series, name, keep=keep, report=report)
    if held_out:
        labelled = _held_out(reconstructor, held_out, held_out_labels, (input_, array), report)
    scored = series if selection is None else selection.series(series)
    shown = None if show is None else options.position_of(scored.names, show)
    detection = score_series(
        reconstructor, series, threshold=kind, labelled=labelled, selection=selection, report=report
    )
    alarms_raised = f"{int(detection.alarms.sum()):,} of {int(np.sum(~np.isnan(detection.scores.judged))):,}"
    report.say(f"{alarms_raised} scores are above {detection.threshold:.4g}: {detection.rule}")
    if detection.doubt and kind is None and not refit:  # else it was told already
        report.warn(detection.doubt)
    if (events or known) and detection.scores.windows and detection.live is None:
        report.warn(
            "when an event was known is left empty, and its lead: this run has no threshold for the scores of windows, "
            "detect --refit fits one"
        )
    data = reconstructor.config.data
    figures, outputs = measure_detection(detection, known, **spans, report=report) if known else None, []
    found = detection.events(**spans, labels=known) if events else None
    drawn = known and detection.selection.labels(known, series)
    if json_:
        outputs.append((json_, partial(write_text, json_, json.dumps(figures, indent=2) + "\n")))
    if events:
        write = partial(detected.write_events, events, series, found, data, bool(known))
        outputs.append((events, write))
        detected.tell_events(found, detection, report)
    if output or not (known or plot or events):
        from seq2seq.inference.detection_lines import score_lines

        lines = score_lines(detection, data, per_step, parts=parts)
        outputs.append((output, partial(write_csv, output, lines)))
    if plot:
        outputs.append((plot, partial(detected.draw, detection, drawn, shown, plot)))
    write_all(*outputs)
    if known:
        detected.show_figures(figures, detection.components, report if str(json_) == "-" else ConsoleReport())


def _check(kind, held_out, held_out_labels, input_, array, part, refit, changes, json_, labels):
    """Refuse options that do not go together."""
    by_labels = kind is not None and kind[0] == "f_beta"
    if {held_out is not None, held_out_labels is not None} != {by_labels}:
        raise InputError("--threshold f_beta=BETA, --held-out and --held-out-labels go together: give all or none.")
    if json_ and not labels:
        raise InputError(f"--json {json_} is for the figures against labels: add --labels.")
    if input_ and part:
        raise InputError(f"--part {part} is of the data of the training: leave --input out, or give --from and --to.")
    if array and not input_:
        raise InputError(f"--array {array} is of --input FILE: give that too.")
    for name, value in changes.items():
        if not refit:
            raise InputError(f"--{name} {value} is kept in the run: add --refit.")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise InputError(f"--{name} {value}: expected one of {', '.join(_CHOICES[name])}.")
    if refit and by_labels:
        raise InputError("--refit fits to normal data, and f_beta takes labelled ones: give one of them.")


def _refit(run, changes, threshold, report):
    with quiet_tensorflow(run):
        from seq2seq.tasks.fit_detector import refit

    fitted = refit(run, changes=changes, threshold=threshold, report=report).settings
    report.say(f"{run} keeps it: scores are {fitted.score}, the threshold is {fitted.threshold}={fitted.value:g}")


def _read(reconstructor, input_, array, keep, chosen, report):
    """The series, what of them is to be scored, how their file is called; of the training's the part of each step."""
    from seq2seq.inference.selection import between, part_of
    from seq2seq.run.resuming import data_have_changed
    from seq2seq.series.files import data_files

    (part, from_, to), config = chosen, reconstructor.config
    if input_ is None:
        if data_have_changed(reconstructor.run, "data.location", data_files(config.data.location)):
            raise InputError(
                f"{config.data.location} has changed since the training, so its parts are no longer those of then: "
                "give --input, and --from TIME for what is new."
            )
        series = reconstructor.read_training(keep=keep, report=report)
        part = part or ("all" if from_ or to else "test")
        selection, name = part_of(series, config.data, config.seed, part), config.data.location
        rows = (keep or config.data.keep, config.data.limit)
    else:
        series, selection, name = reconstructor.read(input_, array=array, keep=keep, report=report), None, input_
        rows = (keep, None)
    if from_ is not None or to is not None:
        times = between(series, from_, to, report)
        selection = times if selection is None else selection & times
    if selection is not None and not selection.rows:
        raise InputError(f"there is nothing to score: the {part} part has no step from {from_} to {to}.")
    read = (series, selection, name, array or (config.data.array if input_ is None else None), rows)
    first, *others = reconstructor.members
    parts = detected.told_parts(first, *read, report)
    for other in others:
        detected.told_parts(other, *read, Naming(report, str(other.run.path)))
    return series, selection, name, parts


def _held_out(reconstructor, location, labels, scored, report):
    from seq2seq.tasks.measure_detection import read_labels, split_location

    file, array = split_location(location)
    if Path(file).resolve() == Path(scored[0]).resolve() and array in (None, scored[1]):
        raise InputError(f"--held-out {location} are the data to be scored: a threshold is fitted on others.")
    series = reconstructor.read(file, array=array, report=Naming(report, file))
    return series, read_labels(labels, reconstructor, series, file, report=report)

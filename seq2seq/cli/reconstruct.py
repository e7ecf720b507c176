"""`seq2seq reconstruct`: sequences through a trained autoencoder."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.options import series as options
from seq2seq.cli.options.run import WithReconstructor, members, together
from seq2seq.cli.outputs import check_outputs, check_picture, check_suffix, write_csv
from seq2seq.errors import InputError

OUTPUT = "Output"
DRAWN_STEPS = 1000  # of a long series: more of them would be a blot
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq reconstruct runs/ecg --input ECG5000.npz --array X_test --output reconstructed.npz --plot beat.png

  seq2seq reconstruct runs/tanks --input test.csv --output reconstructed.csv --plot T2.png --show T2

  seq2seq reconstruct runs/ecg --input ECG5000.npz --array X_test --embeddings codes.npy
"""


def reconstruct(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    input_: Annotated[
        str,
        Option(
            "--input",
            help="Sequences to reconstruct, read as in training; columns are matched by name.",
            rich_help_panel=options.DATA,
        ),
    ],
    array: options.Array = None,
    keep: options.Keep = None,
    output: Annotated[
        Path | None,
        Option(
            help="File for the reconstruction, in the units of the data: .npz (array `reconstructed`) or .csv.",
            show_default="none",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    embeddings: Annotated[
        Path | None,
        Option(
            help="NPY file for the codes, one row for each sequence or window.",
            show_default="none",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        Option(
            help="Draw one series over its reconstruction, the error below: .png, .svg or .pdf.",
            show_default="no picture",
            rich_help_panel=options.PICTURE,
        ),
    ] = None,
    show: options.Show = None,
    with_: WithReconstructor = None,
) -> None:
    """Write sequences as an autoencoder has understood them, and the codes that it wrote them from.

    Where windows overlap, a step is the mean of all that cover it.
    """
    if not (output or embeddings or plot):
        raise InputError("nothing is asked for: give --output, --embeddings or --plot.")
    check_suffix(output, "--output", (".npz", ".csv", ".csv.gz"))
    check_suffix(embeddings, "--embeddings", (".npy",))
    check_picture(plot, "--plot")
    options.check_of_picture(plot, "--show", show)
    run, with_ = members(run, with_)
    for each in (run, *(with_ or ())):
        check_outputs({"--output": output, "--embeddings": embeddings, "--plot": plot}, {"--input": input_}, each)

    with quiet_tensorflow(run):
        import numpy as np

        from seq2seq.inference.reconstructor import Reconstructor
        from seq2seq.series.writing import decimals_of_each, step_lines
        from seq2seq.storage import replacing

    report = ConsoleReport(stderr=True)
    reconstructor = Reconstructor.load(together(run, with_))
    series = reconstructor.read(input_, array=array, keep=keep, report=report)
    if note := reconstructor.learned_note(series):
        report.warn(note)
    shown = options.position_of(series.names, show)
    codes = reconstructor.codes(series) if embeddings else None
    if output or plot:
        reconstructed = reconstructor.reconstruct(series, report)
    if output and output.name.lower().endswith(".npz"):
        with replacing(output) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **_arrays(series, reconstructed))
    elif output:
        data, unit = reconstructor.config.data, "sample" if series.whole else "series"
        values = [each.T for each in reconstructed]
        table = step_lines(
            series.names,
            series.times,
            series.columns,
            values,
            decimals=decimals_of_each(reconstructor.scaler, series),
            group=data.group,
            time=data.time,
            clock=series.clock,
            unit=unit,
        )
        write_csv(output, table)
    if embeddings:
        with replacing(embeddings) as temporary, open(temporary, "wb") as file:
            np.save(file, codes, allow_pickle=False)
    if plot:
        _draw(series, reconstructed, shown, plot)
    if output or plot:
        title, pairs = "Mean absolute error", [reconstructed, series.values]
        if reconstructor.scaler.groups:  # errors in units of different size cannot be added up
            title += ", in the units of each series"
            scalers = reconstructor.scaler.of_each(series)
            pairs = [[own.transform(each) for own, each in zip(scalers, part, strict=True)] for part in pairs]
        error = np.concatenate([np.abs(new - old) for new, old in zip(*pairs, strict=True)])
        rows = zip(series.columns, np.nanmean(error, axis=0).tolist(), strict=True)
        report.table(title, ("column", "error"), list(rows))


def _arrays(series, reconstructed):
    """`reconstructed`: `(steps, features)` of a single series; else one array of all, NaN after the end of each."""
    import numpy as np

    if len(reconstructed) == 1 and not series.whole:
        together = reconstructed[0]
    else:
        together = np.full((len(reconstructed), series.lengths.max(), len(series.columns)), np.nan)
        for row, values in zip(together, reconstructed, strict=True):
            row[: len(values)] = values
    return {"reconstructed": together, "names": np.array(series.names), "columns": np.array(series.columns)}


def _draw(series, reconstructed, number, path):
    from seq2seq.plots import reconstruction, save_figure

    steps = slice(0, DRAWN_STEPS)
    name = series.names[number]
    figure = reconstruction(
        series.values[number][steps],
        reconstructed[number][steps],
        series.times and series.local_times[number][steps],
        series.columns,
        f"{'sample ' if series.whole else ''}{name}" if name else "",
    )
    save_figure(figure, path)

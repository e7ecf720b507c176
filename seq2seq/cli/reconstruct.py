"""`seq2seq reconstruct`: sequences through a trained autoencoder."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.long_table import step_lines, write_csv
from seq2seq.cli.options import series as options
from seq2seq.cli.outputs import check_file, check_suffix
from seq2seq.errors import InputError

OUTPUT, PICTURE = "Output", "Picture"
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
            rich_help_panel=PICTURE,
        ),
    ] = None,
    show: Annotated[
        str | None,
        Option(
            help="Name of the series, or number of the sample, that the picture shows.",
            show_default="the first",
            rich_help_panel=PICTURE,
        ),
    ] = None,
) -> None:
    """Write sequences as an autoencoder has understood them, and the codes that it wrote them from.

    Where windows overlap, a step is the mean of all that cover it.
    """
    if not (output or embeddings or plot):
        raise InputError("nothing is asked for: give --output, --embeddings or --plot.")
    for path, option, suffixes in (
        (output, "--output", (".npz", ".csv", ".csv.gz")),
        (embeddings, "--embeddings", (".npy",)),
        (plot, "--plot", (".png", ".svg", ".pdf")),
    ):
        check_suffix(path, option, suffixes)
        check_file(path, option)

    with quiet_tensorflow():
        import numpy as np

        from seq2seq.inference.reconstructor import Reconstructor
        from seq2seq.storage import replacing

    report = ConsoleReport(stderr=True)
    reconstructor = Reconstructor.load(run)
    series = reconstructor.read(input_, array=array, keep=keep, report=report)
    shown = position_of(series, show)
    if output or plot:
        found = reconstructor.reconstruct(series, report)
    if output and output.name.endswith(".npz"):
        with replacing(output) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **_arrays(series, found))
    elif output:
        write_csv(output, step_lines(series, reconstructor.config.data, series.columns, [each.T for each in found]))
    if embeddings:
        with replacing(embeddings) as temporary, open(temporary, "wb") as file:
            np.save(file, reconstructor.codes(series), allow_pickle=False)
    if plot:
        _draw(series, found, shown, plot)
    if output or plot:
        error = np.concatenate([np.abs(new - old) for new, old in zip(found, series.values, strict=True)])
        rows = zip(series.columns, np.nanmean(error, axis=0).tolist(), strict=True)
        report.table("Mean absolute error", ("column", "error"), list(rows))


def position_of(series, name: str | None) -> int:
    """Where the series called `name` is; without a name the first."""
    if name is None:
        return 0
    if name not in series.names:
        listed = ", ".join(series.names[:6]) + ", …" * (len(series.names) > 6)
        raise InputError(f"--show {name}: there is no such series; there are {listed}.")
    return series.names.index(name)


def _arrays(series, found):
    """`reconstructed`: `(steps, features)` of a single series; else one array of all, NaN after the end of each."""
    import numpy as np

    if len(found) == 1 and not series.whole:
        together = found[0]
    else:
        together = np.full((len(found), series.lengths.max(), len(series.columns)), np.nan)
        for row, values in zip(together, found, strict=True):
            row[: len(values)] = values
    return {"reconstructed": together, "names": np.array(series.names), "columns": np.array(series.columns)}


def _draw(series, found, number, path):
    from seq2seq.plots import reconstruction, save_figure

    steps = slice(0, DRAWN_STEPS)
    name = series.names[number]
    figure = reconstruction(
        series.values[number][steps],
        found[number][steps],
        series.times and series.times[number][steps],
        series.columns,
        f"{'sample ' if series.whole else ''}{name}" if name else "",
    )
    save_figure(figure, path)

"""`seq2seq batch …`: many files through a trained run, in a job that may be killed and started again."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option, Typer

from seq2seq.cli.command import SETTINGS, Command, Tasks
from seq2seq.cli.jobs import run_job
from seq2seq.cli.options import detection as alarms
from seq2seq.cli.options import engines, forecasts, groups, search
from seq2seq.cli.options import series as series_options
from seq2seq.cli.options.run import With, WithDetector, WithForecaster, WithReconstructor, members, together
from seq2seq.errors import InputError

app = Typer(help="Work through many files, in a job that may be killed and started again.", cls=Tasks, **SETTINGS)

FILES, JOB = "Files", "Job"
_NO_TEXT = (".parquet", ".npy", ".npz", ".zip", ".bz2", ".xz", ".zst")
TRANSLATE_EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq batch translate runs/ende --input 'in/*.txt.gz' --output out

  seq2seq batch translate runs/ende --input 'in/**/*.jsonl' --field text --output out --beam-size 5

  seq2seq batch translate runs/ende --with runs/ende2 --input 'in/*.txt' --output out

  seq2seq batch translate runs/ende --input 'in/*.txt' --output out --shard 3/16

  seq2seq batch translate runs/ende --input 's3://bucket/in/*.txt' --output s3://bucket/out
"""
RECONSTRUCT_EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq batch reconstruct runs/tanks --input 'in/*.csv' --output out

  seq2seq batch reconstruct runs/ecg --input 'in/*.npz' --array X --output out
"""

DETECT_EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq batch detect runs/tanks --input 'in/*.csv' --output scores

  seq2seq batch detect runs/tanks --with runs/tanks2 --input 'in/*.csv' --output scores

  seq2seq batch detect runs/tanks --input 'in/**/*.parquet' --output events --events --merge 2h --min-length 3
"""
FORECAST_EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq batch forecast runs/air --input 'in/*.csv' --steps 24 --output out

  seq2seq batch forecast runs/air --with runs/air2 --input 'in/*.csv' --output out

  seq2seq batch forecast runs/air --input 'in/*.csv' --baseline ridge --output beside

  seq2seq batch forecast runs/sales --input 'in/*.csv' --known calendar.csv --output out
"""

RunFolder = Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")]
MoreInputs = Annotated[
    list[str] | None,
    Argument(metavar="FILE", help="Further inputs: what a shell makes of an --input that is not quoted."),
]
Inputs = Annotated[
    list[str],
    Option(
        "--input",
        metavar="PATTERN",
        help="Files to work on: a name, a quoted pattern such as 'in/*.txt' or 'in/**/*.txt', or a URL such as "
        "'s3://bucket/in/*.txt'; may be repeated.",
        rich_help_panel=FILES,
    ),
]
Output = Annotated[
    str,
    Option(
        metavar="FOLDER",
        help="Folder for the outputs, which are called like their inputs, and the manifest; or its URL.",
        rich_help_panel=FILES,
    ),
]
Tables = Annotated[
    str,
    Option(
        metavar="FOLDER",
        help="Folder for the outputs, CSV files that are called like their inputs, and the manifest; or its URL.",
        rich_help_panel=FILES,
    ),
]
PartSize = Annotated[
    int,
    Option(
        min=1,
        help="Sequences or windows after which what is done is kept, should the job be killed.",
        rich_help_panel=JOB,
    ),
]
ShardOption = Annotated[
    str | None,
    Option(
        "--shard",
        metavar="NUMBER/COUNT",
        help="The share of this process, such as 3/16, where several work on one output folder.",
        show_default="what SLURM or Kubernetes says, else 1/1",
        rich_help_panel=JOB,
    ),
]
Strict = Annotated[
    bool,
    Option("--strict", help="Stop at the first record or file that cannot be read.", rich_help_panel=JOB),
]


@app.command("translate", cls=Command, epilog=TRANSLATE_EXAMPLES)
@groups.options(engines.ENGINE, into="engine")
@search.options(search.SEARCH, search.DRAWING)
def translate(
    run: RunFolder,
    input_: Inputs,
    output: Output,
    more: MoreInputs = None,
    field: Annotated[
        str | None,
        Option(
            help="Key of .jsonl, or column of .tsv and .csv, that holds the text.",
            show_default="none",
            rich_help_panel=FILES,
        ),
    ] = None,
    shard: ShardOption = None,
    strict: Strict = False,
    part_size: Annotated[
        int,
        Option(min=1, help="Records after which what is done is kept, should the job be killed.", rich_help_panel=JOB),
    ] = 16384,
    workers: Annotated[
        int | None,
        Option(
            min=1,
            help="Batches that are searched at once.",
            show_default="1 with a GPU, else one for each core",
            rich_help_panel=JOB,
        ),
    ] = None,
    with_: With = None,
    *,
    chosen: dict[str, Any],
    engine: dict[str, Any],
) -> None:
    """Translate files of records: lines of text, .jsonl, .tsv or .csv, each plain or .gz.

    Each output has the records of its input in their order. Started again, the job goes on where it was stopped.
    """

    def check(sources):
        from seq2seq.text.records import record_file

        if wrong := [source.place for source in sources if source.path.name.lower().endswith(_NO_TEXT)]:
            raise InputError(f"--input: {wrong[0]} is no text, .jsonl, .tsv or .csv, plain or .gz: leave it out.")
        needing = [source.place for source in sources if record_file(source.path).needs_field]
        if needing and not field:
            raise InputError(f"--input: {needing[0]} has fields: name the one with the text, such as --field text.")
        if field and not needing:
            raise InputError(f"--field {field}: the inputs are lines of text, which have none: leave it out.")

    def load():
        from seq2seq.jobs.translation import BatchTranslation

        given = {"field": field, "part_size": part_size, "strict": strict}
        return BatchTranslation.load(together(run, with_), search.value(chosen), workers=workers, **given)

    run_job(run, load, check, [*input_, *(more or ())], output, shard, strict, engine)


@app.command("reconstruct", cls=Command, epilog=RECONSTRUCT_EXAMPLES)
@groups.options(engines.ENGINE, into="engine")
def reconstruct(
    run: RunFolder,
    input_: Inputs,
    output: Output,
    more: MoreInputs = None,
    array: series_options.Array = None,
    shard: ShardOption = None,
    strict: Strict = False,
    part_size: PartSize = 20000,
    with_: WithReconstructor = None,
    *,
    engine: dict[str, Any],
) -> None:
    """Write files of series as an autoencoder has understood them: .csv, .parquet, .npz or .npy as they came.

    Each output has the rows or samples of its input in their order. Started again, the job goes on where it
    was stopped.
    """

    run, with_ = members(run, with_)

    def load():
        from seq2seq.jobs.reconstruction import BatchReconstruction

        return BatchReconstruction.load(together(run, with_), array=array, part_size=part_size, strict=strict)

    run_job(run, load, _series_check(array), [*input_, *(more or ())], output, shard, strict, engine)


@app.command("detect", cls=Command, epilog=DETECT_EXAMPLES)
@groups.options(engines.ENGINE, into="engine")
def detect(
    run: RunFolder,
    input_: Inputs,
    output: Tables,
    more: MoreInputs = None,
    array: series_options.Array = None,
    threshold: Annotated[
        str | None,
        Option(
            metavar="KIND=VALUE",
            help="Fit another threshold to the held-out scores of the run: quantile=0.999, sigma=3 or pot=0.001.",
            show_default="as trained, or refitted",
            rich_help_panel=alarms.THRESHOLD,
        ),
    ] = None,
    events: Annotated[
        bool, Option("--events", help="Write alarms as events, and not all scores.", rich_help_panel=alarms.EVENTS)
    ] = False,
    merge: alarms.Merge = "0",
    min_length: alarms.MinLength = "1",
    shard: ShardOption = None,
    strict: Strict = False,
    part_size: PartSize = 20000,
    with_: WithDetector = None,
    *,
    engine: dict[str, Any],
) -> None:
    """Score files of series, .csv, .parquet, .npz or .npy: a table of scores and alarms for each, or of events.

    Series that cannot be scored are listed and stop nothing. Started again, the job goes on where it was stopped.
    """
    kind = alarms.read_threshold(threshold)
    if kind is not None and kind[0] == "f_beta":
        raise InputError("--threshold f_beta is fitted on labelled data: seq2seq detect --threshold f_beta does that.")
    if not events and (merge, min_length) != ("0", "1"):
        raise InputError("--merge and --min-length make events of alarms: add --events.")

    run, with_ = members(run, with_)

    def load():
        from seq2seq.jobs.detection import BatchDetection

        given = {"array": array, "part_size": part_size, "strict": strict}
        given |= {"threshold": kind, "events": events, "merge": merge, "min_length": min_length}
        return BatchDetection.load(together(run, with_), **given)

    run_job(run, load, _series_check(array), [*input_, *(more or ())], output, shard, strict, engine, tables=True)


@app.command("forecast", cls=Command, epilog=FORECAST_EXAMPLES)
@groups.options(engines.ENGINE, into="engine")
def forecast(
    run: RunFolder,
    input_: Inputs,
    output: Tables,
    more: MoreInputs = None,
    array: series_options.Array = None,
    known: forecasts.Known = None,
    steps: forecasts.Steps = None,
    interval: forecasts.Interval = None,
    baseline: forecasts.Baseline = None,
    shard: ShardOption = None,
    strict: Strict = False,
    part_size: Annotated[
        int,
        Option(min=1, help="Series after which what is done is kept, should the job be killed.", rich_help_panel=JOB),
    ] = 1000,
    with_: WithForecaster = None,
    *,
    engine: dict[str, Any],
) -> None:
    """Continue the series of files, .csv, .parquet, .npz or .npy: a table of the next steps for each.

    Series that are too short are listed and stop nothing. Started again, the job goes on where it was stopped.

    With --known, each input is forecast with the columns known ahead. A folder has a file for each input, called like
    it, where no column of groups in the data tells what a row is of.
    """

    forecasts.check_baseline(baseline, interval)
    run, with_ = members(run, with_)

    def load():
        from seq2seq.jobs.forecasting import BatchForecast

        asked = {"steps": steps, "interval": interval, "known": known, "baseline": baseline}
        given = {"array": array, "part_size": part_size, "strict": strict}
        return BatchForecast.load(together(run, with_), **asked, **given)

    run_job(run, load, _series_check(array), [*input_, *(more or ())], output, shard, strict, engine, tables=True)


def _series_check(array):
    """A function that refuses inputs that hold no series, and an `array` that none of them has."""

    def check(sources):
        from seq2seq.series.files import is_array

        for source in sources:
            is_array(source.place)  # refuses what is of no known kind
        if array and not any(source.path.suffix.lower() == ".npz" for source in sources):
            raise InputError(f"--array {array}: no input is an .npz file: leave it out.")

    return check

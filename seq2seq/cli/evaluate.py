"""`seq2seq evaluate`: a trained run against what is known to be right, whatever its task."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from seq2seq.cli import compared as compared_runs
from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.options import pairs, search, series
from seq2seq.cli.options.pairs import DATA
from seq2seq.cli.options.run import WithEither, members, together
from seq2seq.cli.outputs import check_csv, check_outputs, check_picture, write_all, write_csv, write_text
from seq2seq.errors import InputError
from seq2seq.report import counted

SCORE, RESULT, FORECAST = "Scores of text", "Results", "Forecasts"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq evaluate runs/ende --data corpus/test --beam-size 5

  seq2seq evaluate runs/ende --data corpus/test --json metrics.json --output test.hyp --examples 10

  seq2seq evaluate runs/ende --data corpus/test --references corpus/test.b.de --references corpus/test.c.de

  seq2seq evaluate runs/ende --with runs/ende2 --data corpus/test --against runs/ende

  seq2seq evaluate runs/air --data airline-passengers.csv --backtest 10 --json metrics.json

  seq2seq evaluate runs/air --with runs/air2 --with runs/air3 --against runs/air

  seq2seq evaluate runs/air --output forecasts.csv --plot forecasts.png
"""


@search.options(search.SEARCH, search.DRAWING)
def evaluate(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    data: Annotated[
        str | None,
        Option(
            help="Test pairs: PREFIX of the files PREFIX.source and PREFIX.target, plain or .gz; or a TSV file; or "
            "tfds:NAME/CONFIG, hf:NAME. Of a forecaster: a file of series, read as in training.",
            show_default="of a forecaster, the data of its training",
            rich_help_panel=DATA,
        ),
    ] = None,
    against: Annotated[
        Path | None,
        Option(
            metavar="RUN",
            help="Measure this run on the same data, and tell what of the difference is more than luck: a paired "
            "bootstrap of the test pairs, or of blocks of time of a forecaster.",
            show_default="none",
            rich_help_panel=RESULT,
        ),
    ] = None,
    source: pairs.Source = None,
    target: pairs.Target = None,
    header: pairs.Header = None,
    swap: pairs.Swap = None,
    limit: Annotated[
        int | None,
        Option(min=1, help="Read only the first lines, or steps.", show_default="all", rich_help_panel=DATA),
    ] = None,
    references: Annotated[
        list[Path] | None,
        Option(
            metavar="FILE",
            help="Further references, line n for pair n of the data, whose target is the first reference; a blank line "
            "gives none. Repeat it for more files.",
            show_default="none",
            rich_help_panel=SCORE,
        ),
    ] = None,
    bleu_tokenizer: Annotated[
        str | None,
        Option(
            metavar="NAME",
            help="What BLEU counts, in sacrebleu's names: 13a, intl, none, zh, ja-mecab, ko-mecab or char; auto: by "
            "the script of the references. With zh, ja-mecab and char TER and token error rate count the same.",
            show_default="as in training",
            rich_help_panel=SCORE,
        ),
    ] = None,
    language: Annotated[
        str | None,
        Option(
            metavar="CODE",
            help="Language of the target, such as de, for BLEU of lower-cased text in tokens of Moses.",
            show_default="the suffix of the target, if it is one",
            rich_help_panel=SCORE,
        ),
    ] = None,
    part: Annotated[
        str | None,
        Option(
            help="What to forecast: test, the last part of the data, as the training set it apart; or all.",
            show_default="test of the training's data, all of others",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    backtest: Annotated[
        int | None,
        Option(
            min=1,
            help="Forecast from so many origins, the last ones, by default a horizon apart.",
            show_default="all of the part",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    stride: Annotated[
        int | None,
        Option(
            min=1,
            help="Steps from one origin to the next.",
            show_default="1, or with --backtest the horizon",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    json_: Annotated[
        Path | None,
        Option(
            "--json", help="File for the figures; - for standard output.", show_default="none", rich_help_panel=RESULT
        ),
    ] = None,
    output: Annotated[
        Path | None,
        Option(
            help="File for the translations, one line for each pair that was read, pairs with an empty side too; or "
            "for the forecasts, CSV: series, origin, time, steps ahead, actual value, forecast, interval, baselines.",
            show_default="none",
            rich_help_panel=RESULT,
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        Option(
            help="Draw the forecasts of a series over the part, each from where the one before ends, beside "
            "what came and the best baseline: .png, .svg or .pdf.",
            show_default="no picture",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    column: series.Column = None,
    show: series.Show = None,
    examples: Annotated[
        int | None,
        Option(
            min=0,
            help="How many of the worst and of random translations to show.",
            show_default="3",
            rich_help_panel=RESULT,
        ),
    ] = None,
    with_: WithEither = None,
    *,
    chosen: dict[str, Any],
) -> None:
    """Measure a run on data that it has not seen.

    A translation run: BLEU, chrF, TER, exact match, error rates and perplexity. Scores are those of sacrebleu on plain
    text, each with its signature; one BLEU is of lower-cased text in the tokens of Moses, as many papers give it.

    A forecaster: errors from one origin after the other, beside the naive forecasts, with the skill against the best of
    them, and the coverage of its intervals.
    """
    run, with_ = members(run, with_)
    read = {"--data": pairs.files_of(data, source, target, run) or data or series.location_of(run)}
    check_picture(plot, "--plot")
    runs = [run, *(with_ or ())]
    for each in runs:
        check_outputs({"--json": json_, "--output": output, "--plot": plot}, read | {"--references": references}, each)
    from seq2seq.run import Run
    from seq2seq.run.parent import parent_of, teachers_of
    from seq2seq.runtime.folder import is_exported

    if is_exported(run):
        raise InputError(
            f"{run} is an exported folder, and evaluate measures runs: give the run that it was made from."
        )
    task = Run.open(run, "translation", "forecaster", "autoencoder").task
    if task == "autoencoder":
        raise InputError(f"{run} is an autoencoder: detect {run} --labels FILE measures how well it finds anomalies.")
    if against:
        compared_runs.check(runs, against, task)
    scoring = _given(references=references or None, bleu_tokenizer=bleu_tokenizer, language=language)
    columns = _given(source=source, target=target, header=header, swap=swap)
    of_text = columns | _given(examples=examples) | chosen | scoring
    of_numbers = _given(part=part, backtest=backtest, stride=stride)
    unfit = of_numbers | _given(plot=plot, column=column, show=show) if task == "translation" else of_text
    if unfit:
        raise InputError(f"--{next(iter(unfit)).replace('_', '-')} does not go with {run}, a {task} run.")
    if task == "forecaster":
        check_csv(output, "--output")
    series.check_of_picture(plot, "--column", column)
    series.check_of_picture(plot, "--show", show)
    report = ConsoleReport(stderr=True)
    for each in runs:
        if began := parent_of(each):
            report.say(f"{each} started from the weights of {began['run']} ({began['weights'][:12]})")
        for teacher in teachers_of(each):
            report.say(f"{each} learned from what {teacher['run']} ({teacher['weights'][:12]}) translates")
    # Standard output is for the figures: as JSON where it is asked for there, as a table else.
    shown = report if str(json_) == "-" else ConsoleReport()
    if task == "forecaster":
        result, tell = _forecasts(runs, data, limit, column, of_numbers, report), _show_forecasts
        compared = against and compared_runs.forecasts(result, runs, against, data, limit, of_numbers, report)
    else:
        given = columns | scoring | {"limit": limit}
        result = _translations(runs, data, 3 if examples is None else examples, given, chosen, report)
        tell = _show_translations
        compared = against and compared_runs.translations(result, runs, against, search.value(chosen), report)
    outputs = []
    if json_:
        figures = result.as_dict() | ({"against": compared.as_dict()} if compared else {})
        figures = json.dumps(figures, ensure_ascii=False, indent=2)
        outputs.append((json_, partial(write_text, json_, f"{figures}\n")))
    if output and task == "translation":
        from seq2seq.text.splitting import one_line

        lines = "".join(f"{one_line(hypothesis.text)}\n" for hypothesis in result.hypotheses)
        outputs.append((output, partial(write_text, output, lines)))
    elif output:
        outputs.append((output, partial(write_csv, output, result.made.lines())))
    if plot:
        names = result.made.measured
        outputs.append((plot, partial(_draw, result, column, names[series.position_of(names, show)], plot)))
    write_all(*outputs)
    tell(result, shown, report)
    if compared:
        unit = "" if task == "translation" else f", in {compared.unit}"
        title = f"\n{compared_runs.named(runs)}, first, against {against}, second{unit}"
        shown.table(title, compared.columns, compared.rows())
        shown.say(compared.verdict)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _translations(runs, data, examples, columns, chosen, report) -> Any:
    """Translate and score."""
    if data is None:
        raise InputError("--data is missing: name test pairs, a file or the prefix of two.")
    with quiet_tensorflow(runs[0]):
        from seq2seq.inference.translator import Translator
        from seq2seq.tasks.measure_translation import evaluate as measure

    translator = Translator.load(together(runs[0], runs[1:]), report=report)
    return measure(translator, data, search.value(chosen), num_examples=examples, report=report, **columns)


def _show_translations(result, shown, report) -> None:
    shown.table("Scores", ("metric", "value", "signature or definition"), result.rows())
    for example in result.examples:
        shown.table(
            f"\n{example.chosen}: pair {example.index + 1:,}, chrF2 {example.chrf:.1f}", ("", ""), _sides(example)
        )


def _sides(example) -> list[tuple[str, str]]:
    """An example as rows of a table, one text beneath the other."""
    references = [("reference", text) for text in example.references]
    return [("source", example.source), *references, ("translation", example.hypothesis)]


def _forecasts(runs, data, limit, column, options, report) -> Any:
    """Forecast and score."""
    if options.get("part", "test") not in ("test", "all"):  # before anything is loaded
        raise InputError(f"--part {options['part']}: expected test or all.")
    with quiet_tensorflow(runs[0]):
        from seq2seq.inference.forecaster import Forecaster
        from seq2seq.tasks.measure_forecaster import evaluate as measure

    forecaster = Forecaster.load(together(runs[0], runs[1:]))
    series.drawn_column(column, forecaster.columns.targets)  # a wrong name is told before the work
    return measure(forecaster, data, limit=limit, report=report, **options)


def _draw(result, column, name, path) -> None:
    """The forecasts beside what came and the best baseline, as a picture."""
    from seq2seq.plots import forecasts_over, save_figure

    made, overall = result.made, result.overall
    column = series.drawn_column(column, made.columns)
    times, values = made.over_time(column, name)
    shown = {
        name: line for name, line in values.items() if name not in overall.baselines or name == overall.best_baseline
    }
    level = overall.intervals and overall.intervals["level"]
    ahead = f"{overall.horizon} steps at a time" if overall.horizon > 1 else "one step ahead"
    title = series.picture_title(column, made.columns, name, made.measured, made.group)
    title += f": {result.part + ' part, ' if result.part != 'all' else ''}{ahead}"
    save_figure(forecasts_over(times, shown, title, column, level), path)


def _show_forecasts(result, shown, report) -> None:
    overall = result.overall
    first, last = result.origins
    what = f"{counted(overall.windows, 'forecast')} of {counted(overall.horizon, 'step')}"
    title = f"{what}, the first from {first}, the last from {last}" if overall.windows > 1 else f"{what}, from {first}"
    shown.table(title, overall.columns, overall.rows())
    if result.alone:
        shown.say(result.spread)
    if overall.horizon > 1:
        shown.table(f"\n{result.title_ahead}", result.columns_ahead, result.rows_ahead())
    if len(result.columns) > 1:
        _show_worst(result, "columns", shown)
    if len(result.groups) > 1:
        _show_worst(result, "series", shown)
    if overall.metric.endswith("_scaled"):
        shown.say(f"Scores called …_scaled are in {result.unit}")
    if overall.intervals:
        _show_intervals(overall, result.unit, shown)
    for line in result.notes:
        shown.say(line)
    for line in result.warnings:
        report.warn(line)


def _show_worst(result, what, shown) -> None:
    """The columns, or series, in which the model is worst beside the best baseline."""
    errors, intervals = (result.columns if what == "columns" else result.groups), result.overall.intervals
    rows = result.worst(errors)
    some = f"{what}, the {len(rows)} worst of {len(errors):,}" if len(errors) > len(rows) else what
    heads, title = (what, "model", "best baseline", "", "skill"), f"RMSE by {some}"
    if what == "columns":
        title += ", each in its own unit"
        if intervals:
            held = intervals["columns"]
            rows = [(*row, f"{held[row[0]]['coverage']:.1%}", held[row[0]]["width"]) for row in rows]
            heads = (*heads, "interval holds", "mean width")
    elif len(result.columns) > 1:
        title = f"Root of {result.overall.metric} by {some}"
    shown.table(f"\n{title}", heads, rows)


def _show_intervals(overall, unit, shown) -> None:
    """The share that they hold, and their width in the unit of the errors."""
    intervals, scaled = overall.intervals, overall.metric.endswith("_scaled")
    level, coverage = intervals["level"], intervals["coverage"]
    mean = f"{intervals['width_scaled']:.4g} {unit}" if scaled else f"{intervals['width']:.4g}"
    shown.say(f"Intervals for {level:.0%} of the actual values hold {coverage:.1%}; their mean width is {mean}")

"""How every `seq2seq batch …` command runs its job, and tells what became of it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.options.engines import engine
from seq2seq.cli.outputs import check_folder
from seq2seq.errors import InputError
from seq2seq.interruption import Interruption, Stopped
from seq2seq.report import counted


def run_job(
    run: Path,
    load: Callable,
    check: Callable,
    patterns: list[str],
    output: str,
    shard: str | None,
    strict: bool,
    chosen: Mapping[str, Any],
    tables: bool = False,
) -> None:
    """What all of these do: `check` the inputs, `load` the work of a `run`, do the job, and tell what became of it.

    `chosen` are options of an engine. With `tables` the outputs are CSV, whatever the inputs are.
    """
    from seq2seq.jobs.folder import UnreachableError
    from seq2seq.jobs.inputs import csv_name, find_inputs
    from seq2seq.jobs.shards import read_shard, scheduled_shard

    folder = _checked(output)
    share = read_shard(shard) if shard else scheduled_shard(os.environ)
    sources = find_inputs(patterns, output, csv_name if tables else str)
    check(sources)
    kept = f"finished parts are kept in {output}: the same command goes on."
    report = ConsoleReport(stderr=True)
    try:
        with Interruption().listening(), engine(chosen, report) as doing:
            with quiet_tensorflow(run):
                work = load()
                from seq2seq.jobs.job import Job
            outcome = Job(work, folder, shard=share, strict=strict, report=report, do=doing(work, load)).run(sources)
    except Stopped as stop:
        raise Stopped(f"{stop}: {kept}", stop.exit_code) from stop
    except UnreachableError as error:
        raise Stopped(f"{error}. {kept}") from error
    except OSError as error:
        raise InputError(f"{error.filename or output}: {error.strerror or error}. {kept}") from error
    for note in work.notes():
        report.warn(note)
    _tell(outcome, output, share, report)
    if outcome.problems:
        raise typer.Exit(1)


def _checked(output):
    """The folder of the outputs, which can be written to."""
    from seq2seq.jobs.folder import folder_at, is_remote

    folder = folder_at(output)
    if is_remote(output):
        folder.try_out()
    else:
        check_folder(folder.path, "--output")
    return folder


def _tell(outcome, output, shard, report):
    said = [f"{counted(outcome.finished, 'output')} finished in {output}"]
    if outcome.skipped:
        said.append(f"{outcome.skipped:,} had been finished before")
    if outcome.waiting:
        said.append(f"waiting for other shards than {shard}: {len(outcome.waiting):,}")
    if outcome.bad_records:
        said.append(f"*.rejected.jsonl lists {counted(outcome.bad_records, 'bad record')}")
    if outcome.problems:
        said.append(f"{counted(len(outcome.problems), 'input')} could not be used, or not to the end")
    report.say("; ".join(said))
    for problem in outcome.problems:
        report.warn(problem)

"""Which columns of a TSV a translation reads: decided on the training file, kept in the run, held to in all others."""

from dataclasses import replace
from pathlib import Path

from seq2seq.config import DataConfig, TranslationConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.text.columns import FIRST_TWO, Columns, TableLook
from seq2seq.text.table import is_table


def settle_columns(config: TranslationConfig, run_dir: Path, resume: bool, report: Report) -> TranslationConfig:
    """Decide on the columns of the training file, and tell; `data.source`, `target` and `header` then say which.

    Args:
        config: `TranslationConfig`.
        run_dir: the run directory.
        resume: whether a run goes on. One that names no columns keeps the first two, however they look now.
        report: `Report`.

    Raises:
        InputError: there are no such columns, or what is in them leaves open which are meant.
    """
    data = config.data
    if not is_table(data.train):
        return config
    if resume and (data.source is None or Run.open(run_dir, "translation").config["data"].get("header") is None):
        return config
    look = TableLook(data.train)
    columns = look.choose(data.source, data.target, data.header, _has_references(data))
    if told := look.told(columns):
        report.say(told)
    return replace(config, data=replace(data, **look.stored(columns)))


def columns_of(location: str, data: DataConfig, report: Report | None = None) -> Columns:
    """Where the texts of a file stand, for a run with these settings of data; of what is no table, the first two.

    Args:
        location: the training data, or others.
        data: settled `DataConfig` of the run.
        report: `Report`. Is told where the run was trained from no table, so that this one must speak for itself, and
            of a first row of the training's own files that may be names.

    Raises:
        InputError: the file does not fit the run.
    """
    if not is_table(location):
        return FIRST_TWO
    if location == data.train and not (data.header is not None and data.source):
        return Columns(header=bool(data.header))  # settled, if by an earlier version that told columns otherwise
    look = TableLook(location)
    # The training goes by what was decided for its own files, and says so; a later file can be told apart by options.
    doubtful = look.header is None and not data.header and location in (data.train, data.valid)
    if doubtful and report:
        first = " | ".join(look.first[:6])
        report.warn(f"{location}: its first row, {first}, may be the names of columns: it is read as a pair")
    if data.header is not None:
        return look.fit(data.source, data.target, data.header, _has_references(data), doubtful)
    columns = look.choose(*_sides(look, data), False if doubtful else None, _has_references(data))
    if report and (told := look.told(columns)):
        report.say(told)
    return columns


def given_columns(
    location: str, data: DataConfig, source: str | None, target: str | None, header: bool | None, report: Report
) -> Columns:
    """`columns_of` test data; where `source`, `target` or `header` is given, these decide for this file alone.

    What is not given of source and target is the run's; whether a first row names columns is then found out.

    Raises:
        InputError: as `columns_of`; or what is given does not go with the file.
    """
    if source is target is header is None:
        return columns_of(location, data, report)
    if not is_table(location):
        if header is not None:
            raise InputError(f"--header and --no-header are about a TSV file; {location} is none")
        return FIRST_TWO
    look = TableLook(location)
    columns = look.choose(*_sides(look, data, source, target), header, _has_references(data))
    if told := look.told(columns):
        report.say(told)
    return columns


def _sides(look, data, source=None, target=None):
    """The columns that were given, or else the run's; None, to be found out, where it was trained from no table."""
    if data.header is not None:
        return source or data.source or "1", target or data.target or "2"
    if source or target or (data.source in look.first and data.target in look.first):
        return source or data.source, target or data.target  # the suffixes of files, here names of columns
    return None, None


def _has_references(data):
    return data.extra_columns == "references"

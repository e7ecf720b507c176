"""The folder of an export: written under another name, which it keeps until it has answered as the run does."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import onnx

from seq2seq.errors import InputError
from seq2seq.export import litert, numbers, saved_model, texts
from seq2seq.export.graph import Graph
from seq2seq.export.int8 import Int8Graph
from seq2seq.export.parity import Difference
from seq2seq.export.quality import Cost, costs
from seq2seq.export.readme import readme
from seq2seq.export.signature import Signature
from seq2seq.inference.ensemble import Paths, check_joined, members_of
from seq2seq.report import Naming, Report
from seq2seq.run import Run
from seq2seq.run.folder import MANIFEST
from seq2seq.run.integrity import locked, read_config, refuse_links_out
from seq2seq.run.seeds import refuse_inside_run
from seq2seq.runtime.folder import FORMAT, FORMAT_OF_GRAPHS, README
from seq2seq.storage import digest, one_of
from seq2seq.versions import version_of

SLOWER = 0.95  # times the rate of float32: less is more than chance
FORMATS = ("onnx", "saved-model", "litert")


@dataclass(frozen=True)
class Kind:
    """How runs of a task are exported.

    Attributes:
        load: function from a folder, of a run or an exported one, or a list of those of an ensemble, to the loaded run.
        read: function from the loaded run, a `Report` and locations of data, maybe none, to what an export of it is
            held against; of a translator the second one is of references.
        graphs: function from a loaded run and the class of graphs, to its graphs by name.
        files: function from a `Run` to the files that the folder has beside them.
        differences: function from the loaded run, the loaded export and what was read, to how far their answers are
            apart.
        joins: bool. Whether the graphs of one folder answer for all runs of an ensemble; else each has a folder in it.
    """

    load: Callable[..., Any]
    read: Callable[..., Any]
    graphs: Callable[[Any, type[Graph]], Mapping[str, Graph]]
    files: Callable[[Run], list[Path]]
    differences: Callable[[Any, Any, Any], list[Difference]]
    joins: bool = False


KINDS = {
    "autoencoder": Kind(
        numbers.load_reconstructor,
        numbers.read_sequences,
        numbers.autoencoder,
        numbers.files,
        numbers.differences_of_reconstructors,
    ),
    "forecaster": Kind(
        numbers.load_forecaster,
        numbers.read_histories,
        numbers.forecaster,
        numbers.files,
        numbers.differences_of_forecasters,
    ),
    "translation": Kind(
        texts.load_translator,
        texts.read_pairs_of,
        texts.translator_graphs,
        texts.files,
        texts.differences_of_translators,
        joins=True,
    ),
    "language-model": Kind(
        texts.load_writer, texts.read_text_of, texts.writer_graphs, texts.files, texts.differences_of_writers
    ),
}


@dataclass(frozen=True)
class Held:
    """How an export was held against its run.

    Attributes:
        differences: how far the answers of both are apart, kind by kind.
        costs: what int8 costs, where it was asked for.
        rate: float. How many times as much it gets done in a second of processor time as in float32; of runs that have
            folders of their own that of the slowest.
        size: float. Bytes, as a share of those in float32; of such runs the mean.
    """

    differences: Sequence[Difference]
    costs: Sequence[Cost] = field(default_factory=tuple)
    rate: float = 1.0
    size: float = 1.0


def export(
    run_dir: Paths,
    output: str | Path,
    *,
    format: str = "onnx",
    int8: bool = False,
    sample: str | None = None,
    reference: str | None = None,
    report: Report | None = None,
) -> Held:
    """Export a run to a folder that answers without its training's code, once that has answered as the run does.

    Args:
        run_dir: folder of a finished run; or a list of several, which answer as one.
        output: the folder, which must not be there, or be empty.
        format: `"onnx"`, `"saved-model"` or `"litert"`.
        int8: bool. Weights that take a byte each, of ONNX graphs.
        sample: data to hold the export against, in the form of those of the training, of a translator a source text in
            each line; default: the validation part.
        reference: file of translations of these lines, by which `int8` is judged.
        report: `Report`.

    Returns:
        How it was held against the run.

    Raises:
        InputError: a run that has not ended its training, is being trained or cannot be exported; several that cannot
            answer as one; an output that is in use; a format that cannot hold the run; no data to hold it against;
            or answers that differ, with `int8` that are worse by more than they may be, whereupon nothing is written.
    """
    output, report = Path(output), report or Report()
    if format not in FORMATS:
        raise InputError(f"--format {format}: expected {' or '.join(FORMATS)}.")
    if int8 and format != "onnx":
        raise InputError(f"--int8 is for --format onnx: leave it out of --format {format}.")
    runs = _finished_runs(run_dir)
    kind, named = KINDS[runs[0].task], " + ".join(str(run.path) for run in runs)
    if format == "litert":
        litert.check(runs[0])
    _check_reference(runs[0].task, int8, sample, reference)
    for run in runs:
        _check_output(output, run.path)
    loaded = kind.load(run_dir)
    if len(runs) > 1 and not kind.joins:
        how = {"format": format, "int8": int8, "sample": sample, "reference": reference}
        return _export_apart(runs, loaded.config, output, how, report)
    held_against = kind.read(loaded, report, *filter(None, (sample, reference)))
    with _written(output) as folder, tempfile.TemporaryDirectory() as aside:
        first = Path(aside) if int8 else folder
        _fill(first, runs, loaded, format)
        if format == "saved-model":
            exported = saved_model.opened(first, loaded)
            differences = saved_model.differences(kind.differences, loaded, exported, held_against)
        else:
            exported = kind.load(first)
            differences = kind.differences(loaded, exported, held_against)
        _refuse(named, f"the graphs answer otherwise than the {'run' if len(runs) == 1 else 'runs'}", differences)
        if not int8:
            return Held(differences)
        _fill(folder, runs, loaded, format, Int8Graph)
        found, rate = costs(loaded, exported, kind.load(folder), held_against)
        _refuse(named, "int8 costs too much", found)
        if rate < SLOWER:
            report.warn(f"int8 is slower here, {rate:.2f} times the rate of float32: leave --int8 out to be faster")
        return Held(differences, found, rate, _bytes(folder) / _bytes(first))


def _export_apart(runs, config, output, how, report):
    """Export each run to a folder of its own in one for all: whoever loads that takes the mean of what they answer."""
    with _written(output) as folder:
        names = [str(number) for number, _ in enumerate(runs, 1)]
        held = [
            export(run.path, folder / name, report=Naming(report, str(run.path)), **how)
            for name, run in zip(names, runs, strict=True)
        ]
        _describe(folder, runs, config, {}, how["format"], names)
    costs = [
        replace(cost, what=f"{run.path}: {cost.what}")
        for run, each in zip(runs, held, strict=True)
        for cost in each.costs
    ]
    rates, sizes = [each.rate for each in held], [each.size for each in held]
    return Held([found for each in held for found in each.differences], costs, min(rates), sum(sizes) / len(sizes))


def _fill(folder, runs, loaded, format, new=Graph):
    """Write all that an export consists of."""
    run, kind = runs[0], KINDS[runs[0].task]
    signatures: Mapping[str, Signature | Graph] = (graphs := kind.graphs(loaded, new))
    if format == "onnx":
        for name, graph in graphs.items():
            onnx.save(graph.model(), folder / f"{name}.onnx")
    else:
        signatures = {"saved-model": saved_model, "litert": litert}[format].write(folder, loaded, graphs)
    for file in kind.files(run):
        shutil.copyfile(file, folder / file.name)
    _describe(folder, runs, loaded.config, signatures, format)


def _describe(folder, runs, config, signatures, format, folders=()):
    """Write what tells of all else in a folder, which has graphs of these signatures, or `folders` that have some."""
    names = [each.path.resolve().name for each in runs]
    (folder / README).write_text(readme(runs[0].task, config, signatures, format, names), encoding="utf-8")
    _write_manifest(folder, runs, signatures, format, folders)


def _refuse(named, why, found):
    """Raise InputError where anything that was found is not small."""
    if apart := [each for each in found if not each.is_small]:
        raise InputError(f"{named} is not exported: {why}, {apart[0]}. Nothing was written.")


def _bytes(folder):
    return sum(file.stat().st_size for file in _files(folder))


def _files(folder):
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _finished_runs(run_dir):
    """The run, or those of an ensemble."""
    runs = list(map(_finished, members_of(run_dir)))
    if len(runs) > 1:
        check_joined(runs[0])
    return runs


def _finished(path):
    """The `Run` at `path`, which has ended its training."""
    if not (path / "config.json").is_file():
        raise InputError(f"{path} is not a run directory: it has no config.json.")
    refuse_links_out(path)
    task, _, _ = read_config(path)
    if task not in KINDS:
        raise InputError(f"{path} is a run of the task {task!r}: only {', '.join(KINDS)} can be exported.")
    if (path / "lock").exists():
        with suppress(OSError):  # nobody trains in a folder that cannot be written
            locked(path / "lock").close()
    if not (path / "metrics.json").is_file():
        raise InputError(
            f"{path} has not ended its training: the same command with --resume goes on, and with --finish takes the "
            "best weights that there are."
        )
    return Run.open(path, task)


def _check_reference(task, int8, sample, reference):
    if reference and not (task == "translation" and int8 and sample):
        raise InputError(
            f"--reference {reference} is what --int8 of a translation run is held against beside --sample FILE, whose "
            "lines it translates: leave it out."
        )
    if task == "translation" and int8 and sample and not reference:
        raise InputError(
            f"--int8 is held against translations, too: give those of the lines of --sample {sample} by --reference "
            "FILE."
        )


def _check_output(output, run):
    if output.resolve() == run.resolve() or run.resolve() in output.resolve().parents:
        raise InputError(f"--output {output} is in the folder of the run: name another one.")
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise InputError(f"--output {output} is there already: name a new folder, or delete it.")
    refuse_inside_run(output, "--output")


@contextmanager
def _written(output):
    """A folder to write into, which becomes `output` when the block has ended well, and is gone otherwise."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        folder = output.parent / f".writing-{secrets.token_hex(4)}-{output.name}"
        folder.mkdir()
    except OSError as error:
        raise InputError(f"--output {output} cannot be written ({error.strerror}): choose another.") from error
    try:
        yield folder
        try:
            os.rename(folder, output)  # onto an empty folder, too; onto any other it fails
        except OSError as error:
            raise InputError(f"--output {output} cannot be written ({error.strerror}): name a new folder.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_manifest(
    folder: Path,
    runs: Sequence[Run],
    signatures: Mapping[str, Signature | Graph],
    format: str,
    folders: Sequence[str],
) -> None:
    run, weights = runs[0], [each.identity for each in runs]
    run_as_exported = Run(folder, run.task, run.config)
    record = {
        "format": FORMAT if folders else FORMAT_OF_GRAPHS,  # an older version reads this one, too
        "written_as": format,
        "task": run.task,
        "config": run.config,
        "data": run.data,
        "weights": one_of(weights),
        "files": {file.relative_to(folder).as_posix(): digest(file) for file in _files(folder)},
        "graphs": {
            name: {side: [asdict(value) for value in getattr(signature, side)] for side in ("inputs", "outputs")}
            for name, signature in signatures.items()
        },
        "versions": {name: version_of(name) for name in ("seq2seq", "onnx")},
    }
    if len(runs) > 1:
        record["members"] = [
            {"name": each.path.resolve().name, "weights": of, "data": each.data}
            for each, of in zip(runs, weights, strict=True)
        ]
    if folders:
        record["folders"] = list(folders)
    run_as_exported.write_json(MANIFEST, record)

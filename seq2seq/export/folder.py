"""The folder of an export: written under another name, which it keeps until it has answered as the run does."""

import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnx

from seq2seq.errors import InputError
from seq2seq.export import numbers, texts
from seq2seq.export.graph import Graph
from seq2seq.export.parity import Difference
from seq2seq.export.readme import readme
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.run.integrity import locked, read_config, refuse_links_out
from seq2seq.runtime.folder import FORMAT, MANIFEST, README
from seq2seq.storage import digest

FORMATS = ("onnx",)


@dataclass(frozen=True)
class Kind:
    """How runs of a task are exported.

    Attributes:
        load: function from a folder, of a run or an exported one, to the loaded run.
        graphs: function from a loaded run to its graphs, by name.
        files: function from a `Run` to the files that the folder has beside them.
        differences: function from the loaded run, the loaded export, a location of data or `None`, and a `Report`, to
            how far their answers are apart.
    """

    load: Callable[[Path], Any]
    graphs: Callable[[Any], Mapping[str, Graph]]
    files: Callable[[Run], list[Path]]
    differences: Callable[[Any, Any, str | None, Report], list[Difference]]


KINDS = {
    "autoencoder": Kind(
        numbers.load_reconstructor, numbers.autoencoder, numbers.files, numbers.differences_of_reconstructors
    ),
    "forecaster": Kind(numbers.load_forecaster, numbers.forecaster, numbers.files, numbers.differences_of_forecasters),
    "translation": Kind(texts.load_translator, texts.translator_graphs, texts.files, texts.differences_of_translators),
    "language-model": Kind(texts.load_writer, texts.writer_graphs, texts.files, texts.differences_of_writers),
}


def export(
    run_dir: str | Path,
    output: str | Path,
    *,
    format: str = "onnx",
    sample: str | None = None,
    report: Report | None = None,
) -> list[Difference]:
    """Export a run to a folder that answers without TensorFlow, once that has answered as the run does.

    Args:
        run_dir: folder of a finished run.
        output: the folder, which must not be there, or be empty.
        format: `"onnx"`.
        sample: data to hold the export against, in the form of those of the training; default: the validation part.
        report: `Report`.

    Returns:
        How far the answers of both are apart, kind by kind.

    Raises:
        InputError: a run that has not ended its training, is being trained or cannot be exported; an output that is in
            use; no data to hold it against; or answers that differ, whereupon nothing is written.
    """
    path, output = Path(run_dir), Path(output)
    if format not in FORMATS:
        raise InputError(f"--format {format}: expected {' or '.join(FORMATS)}.")
    run, report = _finished(path), report or Report()
    _check_output(output, path)
    kind = KINDS[run.task]
    loaded = kind.load(path)
    with _written(output) as folder:
        graphs = kind.graphs(loaded)
        for name, graph in graphs.items():
            onnx.save(graph.model(), folder / f"{name}.onnx")
        for file in kind.files(run):
            shutil.copyfile(file, folder / file.name)
        (folder / README).write_text(readme(run.task, loaded.config, graphs), encoding="utf-8")
        _write_manifest(folder, run, graphs)
        differences = kind.differences(loaded, kind.load(folder), sample, report)
        if apart := [each for each in differences if not each.is_small]:
            raise InputError(
                f"{path} is not exported: the graphs answer otherwise than the run, {apart[0]}. Nothing was written."
            )
    return differences


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


def _check_output(output, run):
    if output.resolve() == run.resolve() or run.resolve() in output.resolve().parents:
        raise InputError(f"--output {output} is in the folder of the run: name another one.")
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise InputError(f"--output {output} is there already: name a new folder, or delete it.")


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


def _write_manifest(folder: Path, run: Run, graphs: Mapping[str, Graph]) -> None:
    run_as_exported = Run(folder, run.task, run.config)
    record = {
        "format": FORMAT,
        "task": run.task,
        "config": run.config,
        "data": run.data,
        "weights": run.identity,
        "files": {file.name: digest(file) for file in sorted(folder.iterdir())},
        "graphs": {
            name: {side: [asdict(value) for value in getattr(graph, side)] for side in ("inputs", "outputs")}
            for name, graph in graphs.items()
        },
        "versions": {name: version(name) for name in ("seq2seq", "onnx")},
    }
    run_as_exported.write_json(MANIFEST, record)

"""What all loaded runs share: how one is opened, and what answers in it: TensorFlow's graphs, or those of an export.

TensorFlow is loaded for a run alone: an exported folder answers where there is none.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from seq2seq.errors import InputError
from seq2seq.run import Run
from seq2seq.runtime.folder import ExportedRun, is_exported
from seq2seq.runtime.numbers import ExportedAutoencoder, ExportedStream, ExportedWindows
from seq2seq.series.learned import LearnedRows


def open_run(run_dir: str | Path, task: str, config_class: type) -> tuple[Run, Any]:
    """Open a run, or an exported folder, to be loaded into this process.

    Args:
        run_dir: folder of the run.
        task: the task it must be of.
        config_class: dataclass of its configuration.

    Returns:
        The `Run`, and its configuration.

    Raises:
        InputError: not a run of that task, damaged, or written by a newer version; or this process is a fork of one
            that has loaded or trained something; or a run where TensorFlow is not installed.
    """
    if is_exported(run_dir):
        run = ExportedRun.open(run_dir, task)
    else:
        if find_spec("tensorflow") is None:
            raise InputError(
                f"{run_dir} is no exported folder, and runs need TensorFlow, which is not installed: make one with "
                f"seq2seq export {run_dir} --output DIR where it is."
            )
        from seq2seq.device import use_device

        use_device()
        run = Run.open(run_dir, task)
    return run, run.read_config_as(config_class)


def graphs_of(model: Any) -> Any:
    """What answers of a model of numbers: an exported one does itself, of others TensorFlow compiles the graphs."""
    if isinstance(model, ExportedAutoencoder | ExportedWindows | ExportedStream):
        return model
    from seq2seq.inference.compiled import compiled

    return compiled(model)


def learned_rows(run: Run | None) -> LearnedRows:
    """Which rows the training of a run has learned from; none of a model that was never stored."""
    return LearnedRows.load(run.learned) if run else LearnedRows()

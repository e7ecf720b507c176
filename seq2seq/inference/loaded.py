"""What all loaded runs share: how one is opened, and what answers in it: TensorFlow's graphs, or those of an export.

TensorFlow is loaded for a run alone: an exported folder answers where there is none.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from seq2seq.cores import usable_cores
from seq2seq.errors import InputError
from seq2seq.run import Run
from seq2seq.runtime.folder import ExportedRun, is_exported
from seq2seq.runtime.numbers import ExportedAutoencoder, ExportedStream, ExportedWindows
from seq2seq.runtime.texts import ExportedTranslator, ExportedWriter

MOST_EXPORTED = 4  # batches at once, which wait for Python itself now and then; measured on two cores


def load_engine(run_dir: str | Path) -> str:
    """Load TensorFlow, where a folder is a run and it is installed: whoever wants to hear nothing of that may ask.

    Returns:
        Why it has no GPU, see `seq2seq.device.why_no_gpu`; most often nothing.
    """
    if is_exported(run_dir) or find_spec("tensorflow") is None:
        return ""
    from seq2seq.device import why_no_gpu
    from seq2seq.inference import compiled_text  # noqa: F401, and all that it needs

    return why_no_gpu()


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


def search_graph(model: Any, search: Any, graphs: dict) -> Callable:
    """The graph of a search for translations, see `seq2seq.inference.compiled_text.search_graph`."""
    if isinstance(model, ExportedTranslator):
        return model.search_graph(search)
    from seq2seq.inference import compiled_text

    return compiled_text.search_graph(model, search, graphs)


def forced_graph(model: Any, attended: bool = False) -> Callable:
    """The graph that reads given targets, see `seq2seq.inference.compiled_text.forced_graph`."""
    if isinstance(model, ExportedTranslator):
        return model.forced_graph(attended)
    from seq2seq.inference import compiled_text

    return compiled_text.forced_graph(model, attended)


def write_graph(model: Any, sampling: Any, graphs: dict) -> Callable:
    """The graph that goes on with texts, see `seq2seq.inference.compiled_text.write_graph`."""
    if isinstance(model, ExportedWriter):
        return model.write_graph(sampling)
    from seq2seq.inference import compiled_text

    return compiled_text.write_graph(model, sampling, graphs)


def precision_for(precision: str) -> str:
    """That of a training where the device is fast in it, else float32; the weights are float32 in any case."""
    from seq2seq.device import multiplies_in

    return precision if multiplies_in(precision) else "float32"


def batches_at_once(run: Run) -> int:
    """How many batches this machine is good for at a time, each of which takes one thread."""
    if isinstance(run, ExportedRun):
        return min(usable_cores(), MOST_EXPORTED)
    from seq2seq.device import share_cores

    return share_cores()


class Threads:
    """The threads that batches wait for.

    Args:
        model: what answers them.
        count: int. How many answer at once.
    """

    def __init__(self, model: Any, count: int):
        self._exported, self._count = isinstance(model, ExportedTranslator), count
        self._pool, self._process = None, None

    def pool(self) -> ThreadPoolExecutor:
        """The pool of this process.

        Raises:
            InputError: it is a fork of one in which TensorFlow runs, which has none of its threads. Exported graphs
                have no threads of their own, so that a fork gets new ones here.
        """
        if not self._exported:
            from seq2seq.device import stay_in_process

            stay_in_process()
        if self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(self._count), os.getpid()
        return self._pool

"""What all loaded runs share: how one is opened, and the graphs that answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from seq2seq.device import stay_in_process, use_device
from seq2seq.run import Run
from seq2seq.series.learned import LearnedRows


def open_run(run_dir: str | Path, task: str, config_class: type) -> tuple[Run, Any]:
    """Open a run to be loaded into this process.

    Args:
        run_dir: folder of the run.
        task: the task it must be of.
        config_class: dataclass of its configuration.

    Returns:
        The `Run`, and its configuration.

    Raises:
        InputError: not a run of that task, damaged, or written by a newer version; or this process is a fork of one
            that has loaded or trained something.
    """
    use_device()
    run = Run.open(run_dir, task)
    return run, run.read_config_as(config_class)


def graph(function: Callable, *signature: Any) -> Callable:
    """Compile `function` for tensors of `signature`; in a fork of this process a call raises InputError."""
    compiled = tf.function(function, input_signature=signature, autograph=False)

    def answer(*inputs):
        stay_in_process()
        return compiled(*inputs)

    return answer


def learned_rows(run: Run | None) -> LearnedRows:
    """Which rows the training of a run has learned from; none of a model that was never stored."""
    return LearnedRows.load(run.learned) if run else LearnedRows()

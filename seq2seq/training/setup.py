"""What every training begins with: a folder that can be used, the device and its threads, the seed."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from seq2seq.device import kernels_of, multiplies_in, share_cores, suited_precision, use_device, why_no_gpu
from seq2seq.errors import InputError, installed_with
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.run.integrity import read_config
from seq2seq.run.parent import FROM_BEGINS, Parent, is_record_of, parent_of, refuse_other_parent
from seq2seq.run.resuming import refuse_new_settings
from seq2seq.training.cluster import Cluster
from seq2seq.training.joining import join
from seq2seq.workers import find_place


def seed_of(config: Any) -> int:
    """What decides the random choices of a training: all that a run draws but the split of its data."""
    return config.seed if config.training.seed is None else config.training.seed


class Setup:
    """The setup of a training; to be made before anything that takes long, and before anything runs in TensorFlow.

    Args:
        config: configuration with a `training` section and a `seed`, as it was given.
        run_dir: folder for the run.
        resume: bool. Whether to go on with the run that may be there.
        finish: bool. Whether to finish, without training, the run that must be there.
        parent: path of the run to start from, or None.
        in_parts: bool. Whether the model trains in parts of a batch, each operation of them on one thread.
        report: `Report`, told of workers that are waited for.

    Attributes:
        cluster: `Cluster` of the workers of the training, most often this process alone.
        run_dir: Path. The folder of the run; of a worker that is not the chief, a copy of what the chief has started.
        resume: bool. Whether there is a run to go on with.
        config: `config` with the precision of that run, or the one that suits the device, where it was left open.
        is_tuning: bool. Whether the run starts, or has started, from another one.
        device: str. What the training runs on.
        parent: `Parent` that a new run starts from, or None; one that goes on has left it behind.
        at_once: int. How many batches, or parts of one, can be computed at once; 1 where `in_parts` is False.

    Raises:
        InputError: a run directory that cannot be used, or cannot go on with these settings; a package that is wanted
            is not installed.
    """

    def __init__(
        self,
        config: Any,
        run_dir: str | Path,
        resume: bool,
        finish: bool = False,
        *,
        parent: str | Path | None = None,
        in_parts: bool = False,
        report: Report | None = None,
    ):
        if config.training.tensorboard and importlib.util.find_spec("tensorboard") is None:
            raise InputError(
                f"training.tensorboard=true needs the package tensorboard: {installed_with('tensorboard')}."
            )
        place = find_place()
        if finish and place.count > 1:
            raise InputError("--finish trains nothing that workers could share: give it to one process.")
        self.run_dir, self.resume = Path(run_dir), place.is_chief and Run.check(run_dir, resume or finish)
        if self.resume:
            refuse_new_settings(run_dir, config)
        elif resume and place.is_chief and (began := parent_of(run_dir)) and not is_record_of(began, parent):
            raise InputError(
                f"{run_dir} began from {began['run']} and has no checkpoint yet: start it again with --from "
                f"{began['run']}."
            )
        self.parent = self._parent(parent, config, finish) if place.is_chief else None
        if finish and not self.resume:
            raise InputError(f"{run_dir} holds no run to finish: leave --finish out to train one.")
        self.device = use_device(place.on_its_machine[1])
        self.at_once = share_cores() if in_parts else 1
        self.cluster = Cluster(place, report)
        if not self.cluster.is_alone:
            self._copy = join(self.cluster, config)  # lives as long as the setup
        if not self.cluster.is_chief:
            self.run_dir, self.resume = Path(self._copy.name), True
        self.is_tuning = self.parent is not None or (self.resume and parent_of(self.run_dir) is not None)
        self.config = self._with_precision(config, self.run_dir)
        keras.utils.set_random_seed(seed_of(config))

    def _parent(self, path, config, finish):
        frozen = config.training.freeze
        if path is None and frozen != "none" and not self.resume:
            raise InputError(
                f"training.freeze={frozen} keeps weights as another run has them: give that run by --from, or leave it "
                "out."
            )
        if path is None:
            return None
        if finish:
            raise InputError(FROM_BEGINS.format(path))
        if self.resume:
            refuse_other_parent(self.run_dir, path)
            return None
        parent = Parent.open(path, type(config), self.run_dir)
        parent.refuse_unfit(config)
        return parent

    def start_weights(self, model: keras.Model, report: Report) -> None:
        """Give `model` the weights of the parent, where there is one."""
        if self.parent:
            self.parent.run.load_weights(model)
            record = self.parent.record
            report.say(f"starting from the weights of {record['run']} ({record['weights'][:12]})")

    def _with_precision(self, config, run_dir):
        """`config` with a precision."""
        training = config.training
        if training.precision != "auto":
            return config
        if self.resume:
            precision = read_config(run_dir)[1]["training"].get("precision", "float32")
        else:
            precision = suited_precision(training.products_are_large)
        return replace(config, training=replace(training, precision=precision))

    def tell(self, model: keras.Model, report: Report) -> None:
        """Say what `model` runs on, in which precision and with which kernels, and warn where that is slow."""
        precision = self.config.training.precision
        runs = f"running on {self.device} in {precision}{kernels_of(model)}"
        report.say(f"{runs}; the model has {model.count_params():,} weights")
        if why := why_no_gpu():
            report.warn(why)
        if not multiplies_in(precision):
            faster = "the run goes on as it began" if self.resume else "--set training.precision=auto is faster here"
            report.warn(f"this device has no fast products in {precision}: {faster}")

"""What every training can be told."""

from dataclasses import dataclass
from typing import Literal

from seq2seq.config.checks import check_at_least, check_range
from seq2seq.errors import InputError


@dataclass(frozen=True)
class TrainingConfig:
    """Optimisation, and when to stop."""

    epochs: int = 10  # passes over the training part
    optimizer: Literal["adam", "adamw"] = "adam"  # adamw: with weight_decay
    learning_rate: float = 1e-3  # the peak
    # How the learning rate goes on after its ramp; plateau: halved whenever nothing gets better.
    schedule: Literal["constant", "cosine", "inverse_sqrt", "plateau"] = "cosine"
    lr_ramp_steps: int = 200  # linear learning-rate ramp from 0
    final_learning_rate: float = 0.0  # where cosine ends
    plateau_patience: int = 2  # epochs without a better validation loss before the rate is halved
    weight_decay: float = 0.0  # of adamw
    clip_norm: float = 1.0  # of the gradient of all weights together; 0 clips nothing
    accumulate_batches: int = 1  # batches whose gradients make one update
    ema_decay: float = 0.0  # > 0: validate and keep the moving average of the weights (0.99 … 0.9995)
    average_checkpoints: int = 1  # keep the mean of the last weights, one set an epoch
    patience: int = 0  # epochs without a better validation before training stops; 0: never
    freeze: Literal["none", "encoder"] = "none"  # part of the weights that stays as the run of --from has it
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"  # auto: as the device is fast
    checkpoint_minutes: float = 5.0  # between checkpoints within an epoch; there is one at the end of each
    on_divergence: Literal["stop", "roll_back"] = "stop"  # where the loss is no number: go back, at half the rate
    tensorboard: bool = False  # event files in the run's folder `tensorboard`
    seed: int | None = None  # of first weights, dropout and the order of what is read; none: that of the run

    monitor = "loss"  # on validation: chooses the best weights and when to stop
    products_are_large = True  # so that the faster ones of a device are worth their rounding: what `auto` goes by

    def __post_init__(self):
        check_at_least("training.epochs", self.epochs, 1)
        for name in ("accumulate_batches", "average_checkpoints", "plateau_patience"):
            check_at_least(f"training.{name}", getattr(self, name), 1)
        check_at_least("training.lr_ramp_steps", self.lr_ramp_steps, 0)
        check_at_least("training.patience", self.patience, 0)
        check_at_least("training.seed", self.seed, 0)
        for name in ("learning_rate", "final_learning_rate", "weight_decay", "clip_norm", "checkpoint_minutes"):
            check_at_least(f"training.{name}", getattr(self, name), 0.0)
        check_range("training.ema_decay", self.ema_decay, 0.0, 0.99999)
        if self.ema_decay and self.average_checkpoints > 1:
            raise InputError(
                "training.ema_decay and training.average_checkpoints are two averages of the weights: set one."
            )

    def idle(self) -> dict[str, str]:
        """Settings that do nothing beside the others, and why: what follows "does nothing" in the error."""
        idle = {}
        if self.schedule != "cosine":
            idle["training.final_learning_rate"] = (
                f"with training.schedule={self.schedule}, which ends nowhere: leave it out, or take cosine."
            )
        if self.schedule != "plateau":
            idle["training.plateau_patience"] = (
                f"with training.schedule={self.schedule}: leave it out, or take plateau."
            )
        if self.optimizer != "adamw":
            idle["training.weight_decay"] = f"with training.optimizer={self.optimizer}: leave it out, or take adamw."
        elif not self.weight_decay:
            idle["training.optimizer"] = "without training.weight_decay: set that too, such as 0.01, or leave it out."
        return idle


@dataclass(frozen=True)
class TokenTrainingConfig(TrainingConfig):
    """Optimisation of a model of tokens."""

    label_smoothing: float = 0.1  # share of each target that is spread evenly over the vocabulary

    def __post_init__(self):
        super().__post_init__()
        check_range("training.label_smoothing", self.label_smoothing, 0.0, 0.9)

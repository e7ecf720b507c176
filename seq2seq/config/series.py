"""What a run on numbers can be told."""

import math
import re
from dataclasses import dataclass, field
from typing import Literal

from seq2seq.config.checks import check_at_least, check_range
from seq2seq.config.names import Names
from seq2seq.config.training import TrainingConfig
from seq2seq.errors import InputError

Threshold = Literal["quantile", "sigma", "pot", "f_beta"]
# Kind of threshold → its value unless given, and what that is below; all are above 0.
THRESHOLD_VALUES = {"quantile": (0.99, 1.0), "sigma": (3.0, math.inf), "pot": (1e-3, 1.0), "f_beta": (1.0, math.inf)}
Score = Literal["absolute", "squared", "mahalanobis"]
Kind = Literal["auto", "reconstruction", "prediction", "both"]  # of errors


@dataclass(frozen=True)
class SeriesDataConfig:
    """Where the numbers come from, and which of them are used."""

    location: str = ""  # CSV, Parquet, NPY or NPZ file, tfds:NAME/CONFIG or hf:NAME
    array: str | None = None  # of an NPZ file, or feature of a data set
    keep: str | None = None  # only the rows where this holds: "y_train==1"
    columns: Names | None = None  # "pressure,temperature"; without it all columns of numbers
    group: str | None = None  # column whose values name the series: many tanks in one table
    time: Names | None = None  # columns of times: "when", "year,month,day"; without it the first that holds dates
    time_format: str | None = (
        None  # "%d.%m.%Y %H:%M", "ISO8601", or Unix time in "s", "ms"; none: from the whole column
    )
    day_first: bool | None = None  # 1/2/2024 is in February; none: as the order of the rows says
    time_zone: str | None = None  # "Europe/Berlin": where local times are from, and the calendar's
    zoned: bool | None = None  # times tell their zone, "+01:00" or "Z"; none: as the file does
    duplicates: Literal["error", "first", "mean"] = "error"  # rows that repeat a time
    step: str | None = None  # "1h": take means over steps of this length
    gaps: Literal["split", "fill"] | None = None  # none: split, and in runs of earlier versions steps are equal
    rhythm: str | None = None  # "1h", "1D Mon-Fri", "1 month end"; none: as the times have it
    missing: Literal["error", "interpolate", "mask"] = "error"  # what to do with missing values
    rows: Literal["auto", "steps", "samples"] = "auto"  # what the rows of a plain 2-D array are
    scaling: Literal["standard", "minmax", "none"] = "standard"  # of each feature, fitted on the training part
    log: bool = False  # take the logarithm first: growth becomes a slope, a share becomes a difference
    log1p: bool = False  # the same of the value + 1: for counts, which may be 0
    scale_by_group: bool | None = None  # each series in units of its own; none: where they are of different size
    limit: int | None = None  # only the first steps of each series, or the first samples
    categorical: Names | None = None  # "season,weather": columns whose values are names, a feature for each value
    decimal: Literal[".", ","] | None = None  # mark of numbers in text; none: told from the file
    thousands: bool | None = None  # the other mark stands between thousands; none: told from the file
    missing_values: Names | None = None  # "-200,unknown": missing, as NA, null, ? and the like are
    encoding: str | None = None  # of a file of text that is neither UTF-8 nor UTF-16: "cp1252"
    valid_share: float = 0.15  # of each series, before the test part; of whole sequences: drawn from the seed
    test_share: float = 0.0  # the end of each series, never trained on
    fold: str | None = None  # "2/5": of samples the second of five parts is held out, in place of valid_share

    @property
    def fold_of(self) -> tuple[int, int] | None:
        """The number of the part of the samples that is held out, from 1 on, and how many there are."""
        if self.fold is None:
            return None
        number, folds = self.fold.split("/")
        return int(number), int(folds)

    def __post_init__(self):
        check_at_least("data.limit", self.limit, 2)
        if self.fold is not None and not (
            re.fullmatch(r"\d{1,4}/\d{1,4}", self.fold) and 1 <= self.fold_of[0] <= self.fold_of[1] > 1
        ):
            raise InputError(f"data.fold={self.fold}: expected the number of a part, such as 2/5, the second of five.")
        check_range("data.valid_share", self.valid_share, 0.0, 1.0, open_ends=True)
        check_range("data.test_share", self.test_share, 0.0, 0.95)
        if self.log and self.log1p:
            raise InputError("data.log=true and data.log1p=true: choose one of the two logarithms.")
        if self.valid_share + self.test_share >= 1.0:
            raise InputError(
                f"data.valid_share={self.valid_share} and data.test_share={self.test_share} leave nothing to train on."
            )


@dataclass(frozen=True)
class AutoencoderWindowsConfig:
    """How series become batches of an autoencoder. Lengths are in time steps."""

    look_back: int = 0  # steps in a window; 0: whole sequences
    stride: int = 1  # between the starts of windows in training
    batch_size: int | None = None  # none: 64, or fewer where an epoch would have less than 16 batches

    retired = ("horizon", "chunk")

    def __post_init__(self):
        check_at_least("windows.look_back", self.look_back, 0)
        check_at_least("windows.stride", self.stride, 1)
        check_at_least("windows.batch_size", self.batch_size, 1)


@dataclass(frozen=True)
class ForecasterDataConfig(SeriesDataConfig):
    """Where the numbers come from, and which of them are used; a forecaster keeps a test part."""

    test_share: float = 0.2
    # Columns whose forecasts are kept at or above 0; none: those that have a 0 and nothing below it in training.
    non_negative: Names | None = None


@dataclass(frozen=True)
class ForecasterWindowsConfig:
    """How series become batches of a forecaster. Lengths are in time steps."""

    look_back: int = 0  # steps in a window
    horizon: int = 1  # steps to forecast
    stride: int = 1  # between the starts of windows in training
    chunk: int = 50  # steps in a chunk of stateful training
    batch_size: int = 64  # windows

    def __post_init__(self):
        check_at_least("windows.look_back", self.look_back, 0)
        for name in ("horizon", "stride", "chunk", "batch_size"):
            check_at_least(f"windows.{name}", getattr(self, name), 1)


@dataclass(frozen=True)
class RecurrentConfig:
    """The recurrent layers of a model of numbers."""

    units: int = 64  # of each recurrent layer
    cell: Literal["lstm", "gru"] = "lstm"  # of all recurrent layers
    dropout: float = 0.0  # between recurrent layers and before the output

    def __post_init__(self):
        check_at_least("model.units", self.units, 1)
        check_range("model.dropout", self.dropout, 0.0, 0.95)


@dataclass(frozen=True)
class AutoencoderModelConfig(RecurrentConfig):
    """The sequence autoencoder."""

    encoder_layers: int = 1  # recurrent layers that read the sequence
    decoder_layers: int = 1  # and those that write it
    bidirectional: bool = False  # the encoder reads the sequence from both ends
    latent_dim: int | None = None  # width of the code; none: the last output of the encoder
    reverse: bool = True  # write the sequence from its end (Srivastava et al. 2015)
    conditional: bool = False  # the decoder reads what it wrote before
    noise: float = 0.0  # standard deviation of the noise on the scaled input while training
    horizon: int = 0  # composite: a second decoder predicts the steps after the window
    residual: Literal["auto", "none", "linear"] = "auto"  # predict the change from this, see forecasters; auto: linear

    def __post_init__(self):
        super().__post_init__()
        for name in ("encoder_layers", "decoder_layers"):
            check_at_least(f"model.{name}", getattr(self, name), 1)
        check_at_least("model.latent_dim", self.latent_dim, 1)
        check_at_least("model.horizon", self.horizon, 0)
        check_range("model.noise", self.noise, 0.0, 1.0)
        if self.bidirectional and self.units % 2:
            raise InputError(f"model.units={self.units} must be even: each direction has half of it.")


@dataclass(frozen=True)
class ForecasterModelConfig(RecurrentConfig):
    """The forecasters."""

    # auto: segments, or direct of many columns and of residuals that segments do not go with.
    kind: Literal["auto", "direct", "encoder_decoder", "segments", "stateful"] = "auto"
    num_layers: int = 1  # recurrent layers; of encoder_decoder on each side
    dropout: float | None = None  # between recurrent layers and before the output; none: 0.5 of segments, 0 of others
    # Steps that kind=segments reads and writes at a time; none: a season if a window holds four, or an eighth of it.
    segment: int | None = None
    # Forecast the change from this; season_growth: the season with the latest growth over it; linear: a regression on
    # the window beside the naive forecast that suits each step ahead; auto: linear, or last (stateful).
    residual: Literal["auto", "none", "last", "season", "season_growth", "linear"] = "auto"
    season: int | None = None  # steps; none: from the autocorrelation of the training part; 0: there is none
    normalize_window: bool = False  # by its own mean and deviation (Kim et al. 2022)
    calendar: Names | None = None  # known ahead: "hour,weekday,month,day_of_year"
    known: Names | None = None  # columns that are known ahead
    targets: Names | None = None  # columns to forecast; none: all that are not known ahead
    interval: float = 0.9  # share of the actual values that the prediction interval shall hold; 0: none

    def __post_init__(self):
        super().__post_init__()
        check_at_least("model.num_layers", self.num_layers, 1)
        check_at_least("model.segment", self.segment, 1)
        check_range("model.interval", self.interval, 0.0, 0.999)
        check_at_least("model.season", self.season, 0)


@dataclass(frozen=True)
class SeriesTrainingConfig(TrainingConfig):
    """Optimisation, and when to stop."""

    epochs: int = 60
    learning_rate: float = 2e-3
    lr_ramp_steps: int = 20
    patience: int = 15
    loss: Literal["mse", "mae", "huber"] = "mse"  # of the scaled values: squared, absolute, or squared where small

    products_are_large = False  # of some ten features and units: in bfloat16 an autoencoder took as long


@dataclass(frozen=True)
class AutoencoderTrainingConfig(SeriesTrainingConfig):
    """Optimisation, and when to stop, of an autoencoder, whose data may be few."""

    epochs: int | None = None  # none: as many as make `updates`
    updates: int = 4000  # batches to learn from, in all epochs together
    patience: int | None = None  # none: a fifth of the epochs, at least 15

    def __post_init__(self):
        super().__post_init__()
        check_at_least("training.updates", self.updates, 1)

    def idle(self) -> dict[str, str]:
        """Settings that do nothing beside the others, and why: what follows "does nothing" in the error."""
        idle = super().idle()
        if self.epochs is not None:
            idle["training.updates"] = f"with training.epochs={self.epochs} (--epochs): leave one of them out."
        return idle


@dataclass(frozen=True)
class DetectionConfig:
    """How an error becomes a score, and a score an alarm; fitted on held-out normal data."""

    errors: Kind = "auto"  # auto: both where the model also predicts (model.horizon), else those of the reconstruction
    score: Score = "mahalanobis"  # of the errors of a step; mahalanobis: by how usual errors vary together
    smoothing: int | None = None  # steps that the score of a step is the mean of; none: a quarter of the window
    threshold: Threshold = "quantile"  # of held-out scores: what it is fitted by
    value: float | None = None  # the quantile; k of mean + k sigma; the risk of pot; beta of f_beta; none: by the kind
    components: int = 8  # of the PCA beside it

    def __post_init__(self):
        check_at_least("detection.components", self.components, 1)
        check_at_least("detection.smoothing", self.smoothing, 1)
        default, highest = THRESHOLD_VALUES[self.threshold]
        if self.value is None:
            object.__setattr__(self, "value", default)  # one place for all who ask
        name = f"detection.threshold={self.threshold}, detection.value"
        check_range(name, self.value, 0.0, highest, open_ends=True)


@dataclass(frozen=True)
class AutoencoderConfig:
    """Everything that one autoencoder run is made from."""

    data: SeriesDataConfig = field(default_factory=SeriesDataConfig)
    windows: AutoencoderWindowsConfig = field(default_factory=AutoencoderWindowsConfig)
    model: AutoencoderModelConfig = field(default_factory=AutoencoderModelConfig)
    training: AutoencoderTrainingConfig = field(default_factory=AutoencoderTrainingConfig)
    detection: DetectionConfig = field(default_factory=DetectionConfig)
    seed: int = 1  # decides every random choice

    task = "autoencoder"

    def __post_init__(self):
        check_range("seed", self.seed, 0, 2**31 - 1)
        if self.model.horizon and not self.windows.look_back:
            raise InputError(
                f"model.horizon={self.model.horizon} needs windows.look_back: a prediction follows a window."
            )

    def idle(self) -> dict[str, str]:
        """Settings that do nothing beside the others, and why: what follows "does nothing" in the error."""
        idle = {}
        if not self.windows.look_back:
            idle["windows.stride"] = "without windows.look_back, where each sequence is read as a whole: leave it out."
        if not self.model.horizon:
            idle["model.residual"] = "without model.horizon, where nothing is predicted: leave it out."
        return idle


@dataclass(frozen=True)
class ForecasterConfig:
    """Everything that one forecaster run is made from."""

    data: ForecasterDataConfig = field(default_factory=ForecasterDataConfig)
    windows: ForecasterWindowsConfig = field(default_factory=ForecasterWindowsConfig)
    model: ForecasterModelConfig = field(default_factory=ForecasterModelConfig)
    training: SeriesTrainingConfig = field(default_factory=SeriesTrainingConfig)
    seed: int = 1  # decides every random choice

    task = "forecaster"

    def __post_init__(self):
        check_range("seed", self.seed, 0, 2**31 - 1)
        if self.model.kind != "stateful":
            if not self.windows.look_back:
                raise InputError(
                    "windows.look_back=0: give --look-back, the steps that a forecast is made from; or --stateful, "
                    "which reads step by step and needs none."
                )
            if self.model.kind == "segments" or (self.model.kind == "auto" and self.model.segment):
                self._check_segments()
        elif self.data.categorical:
            raise InputError(
                "data.categorical does not go with model.kind=stateful, which forecasts the next step of all columns."
            )
        elif unfit := [name for name in ("calendar", "known", "targets") if getattr(self.model, name)]:
            raise InputError(
                f"model.{unfit[0]} does not go with model.kind=stateful, which forecasts the next step of all columns."
            )

    def _check_segments(self):
        if self.model.residual not in ("auto", "last", "linear"):
            raise InputError(
                f"model.residual={self.model.residual} does not go with model.kind=segments, which learns the change "
                "from the last value: leave it out, or set linear or last."
            )
        if (self.model.segment or 0) > self.windows.look_back:
            raise InputError(
                f"model.segment={self.model.segment} is longer than the windows of {self.windows.look_back} steps "
                "(windows.look_back): shorten it, or raise --look-back."
            )

    def idle(self) -> dict[str, str]:
        """Settings that do nothing beside the others, and why: what follows "does nothing" in the error."""
        interval = self.model.interval
        if self.model.kind == "stateful":
            names = ["model.segment"] if self.model.segment else []
            names += ["windows.look_back", "windows.stride", "windows.batch_size", "model.normalize_window"]
            names += ["model.interval"] if interval else []  # 0 says the same
            names += ["data.scale_by_group"] if self.data.scale_by_group else []
            reason = "with model.kind=stateful, which reads no windows and gives no intervals: leave it out."
            return dict.fromkeys(names, reason)
        idle = {"windows.chunk": "without model.kind=stateful, whose batches alone are chunks: leave it out."}
        if self.model.kind not in ("auto", "segments"):
            idle["model.segment"] = "without model.kind=segments: leave it out, or set that."
        if interval:
            idle["training.loss"] = (
                f"with model.interval={interval:g}, whose quantiles have a loss of their own: leave it out, or set "
                "model.interval=0."
            )
        return idle

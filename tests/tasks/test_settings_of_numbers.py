"""No setting of a run on numbers does nothing: another value changes what is trained, or is refused with the reason."""

import re
from dataclasses import fields

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.config import AutoencoderConfig, ForecasterConfig, TrainingConfig, resolve
from seq2seq.errors import InputError
from seq2seq.inference.forecaster import Forecaster
from seq2seq.series.scaling import Scaler
from seq2seq.tasks import train_autoencoder, train_forecaster

# Kind → configuration, training, settings that it begins with, and those of its settings that do nothing there.
KINDS = {
    "sequences": (AutoencoderConfig, train_autoencoder, [], {"windows.stride"}),
    "windows": (AutoencoderConfig, train_autoencoder, ["windows.look_back=8"], set()),
    "forecaster": (
        ForecasterConfig,
        train_forecaster,
        ["windows.look_back=8", "model.residual=none", "model.interval=0.0"],
        {"windows.chunk"},
    ),
    "stateful": (
        ForecasterConfig,
        train_forecaster,
        ["model.kind=stateful", "model.residual=none"],
        {
            *("windows.look_back", "windows.stride", "windows.batch_size"),
            *("model.normalize_window", "model.interval", "model.segment"),
        },
    ),
}
ARRAYS = ["data.location={}/arrays.npz", "data.array=x", "data.group=none"]
# Setting → another value, and what has to be set for either to matter.
CHANGES = {
    "data.location": ("{}/other.csv",),
    "data.array": ("y", *ARRAYS),
    "data.keep": ("load>50",),
    "data.columns": ('["load", "plan"]',),
    "data.group": ("plant",),
    "data.time": ("day",),
    "data.time_format": ("%m/%d/%Y",),
    "data.day_first": ("false", "data.time=dated"),
    "data.time_zone": ("Nowhere/City",),
    "data.zoned": ("true",),
    "data.duplicates": ("sometimes",),
    "data.step": ("2h",),
    "data.gaps": ("fill",),
    "data.rhythm": ("2h",),
    "data.missing": ("mask",),
    "data.rows": ("samples", *ARRAYS),
    "data.scaling": ("minmax",),
    "data.log": ("true",),
    "data.scale_by_group": ("true",),
    "data.log1p": ("true",),
    "data.limit": ("30",),
    "data.categorical": ("plant",),
    "data.decimal": (",",),
    "data.thousands": ("false", "data.location={}/thousands.csv", "data.decimal=."),
    "data.missing_values": ("2",),
    "data.encoding": ("cp99999",),
    "data.valid_share": ("0.4",),
    "data.test_share": ("0.1",),
    "data.fold": ("2/5",),
    "data.non_negative": ('["load"]',),
    "windows.look_back": ("6",),
    "windows.horizon": ("2",),
    "windows.stride": ("3",),
    "windows.chunk": ("7",),
    "windows.batch_size": ("5",),
    "model.units": ("6",),
    "model.cell": ("gru",),
    "model.dropout": ("0.5",),
    "model.encoder_layers": ("2",),
    "model.decoder_layers": ("2",),
    "model.bidirectional": ("true",),
    "model.latent_dim": ("2",),
    "model.reverse": ("false",),
    "model.conditional": ("true",),
    "model.noise": ("0.5",),
    "model.horizon": ("2",),
    "model.kind": ("encoder_decoder",),
    "model.num_layers": ("2",),
    "model.segment": ("4", "model.residual=last"),
    "model.residual": ("last",),
    "model.season": ("5",),
    "model.normalize_window": ("true",),
    "model.calendar": ('["hour"]',),
    "model.known": ('["plan"]',),
    "model.targets": ('["load"]',),
    "model.interval": ("0.5",),
    "training.loss": ("mae",),
    "training.updates": ("100",),
    "detection.errors": ("both",),
    "detection.score": ("absolute",),
    "detection.smoothing": ("1",),
    "detection.threshold": ("sigma",),
    "detection.value": ("0.5",),
    "detection.components": ("2",),
    "seed": ("2",),
}


def settings_of(kind):
    """All settings of a kind, but those of the training that every model has."""
    for section in fields(kind):
        if section.name == "seed":
            yield "seed"
            continue
        names = [field.name for field in fields(section.default_factory)]
        if section.name == "training":
            names = [name for name in names if name not in {field.name for field in fields(TrainingConfig)}]
        yield from (f"{section.name}.{name}" for name in names)


CASES = [
    (kind, name)
    for kind, (config, *_) in KINDS.items()
    for name in settings_of(config)
    if kind not in ("sequences", "stateful") or not name.startswith("data.")  # which are read in one way by both
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tables of 6 pumps in 3 plants, hourly or daily, with gaps; arrays of 30 samples, or steps."""
    folder = tmp_path_factory.mktemp("settings")
    for name, seed in (("table", 0), ("other", 1)):
        draw, steps = np.random.default_rng(seed), np.arange(40)
        lines = ["when,day,dated,pump,plant,load,warm,plan"]
        for pump in range(6):
            when, day = (np.datetime64("2024-03-01", unit) + steps + 40 * pump for unit in ("h", "D"))
            load, warm = 50 + 10 * np.sin(steps / 4) + draw.normal(size=40), 15 + draw.normal(size=40)
            load[5] = np.nan
            rows = zip(when, day, load, warm, 1 + steps // 12 % 2, strict=True)
            cells = [(f"{w}:00,{d},{d.item():%d/%m/%Y},p{pump},q{pump // 2}", a, b, c) for w, d, a, b, c in rows]
            lines += [f"{left},{a},{b},{c}".replace("nan", "") for left, a, b, c in cells[:10] + cells[11:]]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    plain = (folder / "table.csv").read_text()
    (folder / "thousands.csv").write_text(re.sub(r",(\d\d)\.(\d)\d*,", r',"\1,\g<2>00",', plain))
    draw = np.random.default_rng(2)
    np.savez(folder / "arrays.npz", x=draw.normal(size=(30, 30)), y=draw.normal(size=(30, 30)))
    return folder


class ReachedError(Exception):
    """The training would begin now."""


def begun(kind, folder, run_dir, monkeypatch, *settings):
    """What the training of a kind would begin with, and what its detector would be, as numbers; or why it refuses."""
    config, task, own, _ = KINDS[kind]
    reached = {}

    class NoTraining:
        def __init__(self, model, loss, batches, validate, settings, run, *_, **__):
            reached.update(model=model, loss=loss, batches=batches(0), epochs=settings.epochs, run=run)

        def fit(self):
            if not any("detection" in setting for setting in settings):
                raise ReachedError
            reached["run"].save_weights(reached["model"].get_weights())
            return {}

    monkeypatch.setattr(task, "Training", NoTraining)
    base = ["data.location={}/table.csv", "data.group=pump", "data.missing=interpolate", "data.valid_share=0.3"]
    outcome = {}
    try:
        given = [setting.replace("{}", str(folder)) for setting in [*base, "model.units=4", *own, *settings]]
        outcome = task.train(resolve(config, settings=given), run_dir)
    except InputError as error:
        return str(error)
    except ReachedError:
        pass
    x, y = next(iter(reached["batches"].epoch(0)))
    tf.random.set_seed(1)
    model = reached["model"]
    outputs = model.run(x[0], training=True)[0] if kind == "stateful" else model(x, training=True)
    losses = [reached["loss"](*pair) for pair in zip(tf.nest.flatten(y), tf.nest.flatten(outputs), strict=True)]
    numbers = [*tf.nest.flatten((x, y, outputs)), *losses, *outcome.values(), reached["batches"].num_batches(0)]
    if config is ForecasterConfig:
        run = reached["run"]
        forecaster = Forecaster(run.read_config_as(config), Scaler.load(run.scaler), reached["model"])
        numbers += [forecaster.config.model.season]
        numbers.append(forecaster.unscaled(np.full((1, len(forecaster.columns.targets)), -99.0)))
    return [np.asarray(each).tolist() for each in [*numbers, reached["epochs"]]], str(model.get_config())


def test_all_settings_are_tried():
    assert {name for _, name in CASES} == CHANGES.keys()


@pytest.fixture(scope="module")
def seen():
    """What was begun with before any change, by kind and what is needed."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_setting_changes_something_or_is_refused(kind, name, folder, seen, tmp_path, monkeypatch):
    value, *needed = CHANGES[name]
    *_, idle = KINDS[kind]
    needed = [f"{name}=0.99"] if name == "detection.value" else needed
    if name.startswith("detection.") and not needed:
        needed = ["detection.value=0.99"]
    before = seen.get((kind, *needed)) or begun(kind, folder, tmp_path / "before", monkeypatch, *needed)
    seen[kind, *needed] = before
    after = begun(kind, folder, tmp_path / "after", monkeypatch, *needed, f"{name}={value}")
    assert not isinstance(before, str), before
    assert after != before
    assert (isinstance(after, str) and "does nothing" in after) == (name in idle), after

"""Untrained runs that answer together with a trained one, in other units, sizes and orders of their columns."""

from dataclasses import replace

import numpy as np

from seq2seq.inference import forecaster, reconstructor
from seq2seq.inference.columns import Columns
from seq2seq.run import Run
from seq2seq.series.files import data_files
from seq2seq.series.scaling import Scaler
from seq2seq.tasks.fit_detector import refit


def forecaster_like(loaded, folder, scaling="standard", names=None, **changes):
    """The folder of a run like that of the forecaster `loaded`, of sections of other settings, calibrated like it.

    Its columns are `names`, by default those of `loaded` in the other order.
    """
    series = loaded.read()
    columns, values = series.columns[::-1], [part[:, ::-1] for part in series.values]
    names = columns if names is None else names
    config = _changed(loaded.config, changes)
    config = replace(config, data=replace(config.data, columns=names, scaling=scaling))
    run = Run.start(folder, "forecaster", config)
    Scaler.fit(scaling, [part[:, : len(names)] for part in values], names).save(run.scaler)
    _finish(run, forecaster.build_model(config, Columns.of(config, names)))
    if config.model.interval:
        loaded.core.calibration.save(run)
    return run.path


def detector_like(loaded, folder, scaling="standard", seed=1, **changes):
    """The folder of a run like that of the reconstructor `loaded`, of sections of other settings, with a detector.

    Its columns are in the other order.
    """
    columns = loaded.scaler.columns[::-1]
    changes["data"] = {"columns": columns, "scaling": scaling} | changes.get("data", {})
    config = _changed(replace(loaded.config, seed=seed), changes)
    run = Run.start(folder, "autoencoder", config, {"data.location": data_files(config.data.location)})
    Scaler(scaling, loaded.scaler.center[::-1], loaded.scaler.scale[::-1], columns).save(run.scaler)
    _finish(run, reconstructor.build_model(config, len(columns)))
    refit(run.path)
    return run.path


def _changed(config, changes):
    return replace(config, **{name: replace(getattr(config, name), **given) for name, given in changes.items()})


def _finish(run, model):
    draw = np.random.default_rng(7)
    run.save_weights([draw.normal(0, 0.3, weight.shape) for weight in model.get_weights()])
    (run.path / "metrics.json").write_text("{}")  # it has ended
    run.release()

"""What a run on numbers can be told, and what it refuses."""

from dataclasses import asdict, replace
from functools import partial
from typing import get_args, get_type_hints

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, ForecasterConfig, from_stored, resolve, to_mapping
from seq2seq.config.series import DetectionConfig, SeriesDataConfig, Threshold
from seq2seq.errors import InputError
from seq2seq.evaluation.anomaly import ERROR_KINDS
from seq2seq.evaluation.thresholds import THRESHOLD_KINDS, fit_threshold
from seq2seq.series.scaling import KINDS

WINDOWS, STATEFUL = ["windows.look_back=5"], ["model.kind=stateful"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["windows.look_back=0"], "look_back=0"),
        ([*STATEFUL, "model.known=plan"], "stateful"),
        ([*WINDOWS, "data.limit=1"], "limit=1"),
        ([*STATEFUL, "windows.look_back=5"], "windows.look_back=5 does nothing with model.kind=stateful"),
        ([*STATEFUL, "model.interval=0.8"], "model.interval=0.8 does nothing"),
        ([*WINDOWS, "windows.chunk=9"], "windows.chunk=9 does nothing without model.kind=stateful"),
        (
            [*WINDOWS, "model.kind=direct", "model.segment=2"],
            "model.segment=2 does nothing without model.kind=segments",
        ),
        ([*WINDOWS, "model.segment=6"], "segment=6 is longer than the windows of 5 steps"),
        ([*STATEFUL, "model.segment=2"], "model.segment=2 does nothing with model.kind=stateful"),
        ([*WINDOWS, "model.kind=segments", "model.segment=6"], "segment=6 is longer than the windows of 5 steps"),
        ([*WINDOWS, "model.kind=segments", "model.segment=0"], "segment=0: expected at least 1"),
        (
            [*WINDOWS, "model.kind=segments", "model.residual=season"],
            "residual=season does not go with model.kind=segm",
        ),
        ([*WINDOWS, "training.loss=mae"], "training.loss=mae does nothing with model.interval=0.9"),
    ],
)
def test_settings_of_a_forecaster_that_do_not_go_together_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        resolve(ForecasterConfig, settings=settings)


def test_a_stateful_forecaster_may_be_told_that_it_has_no_interval():
    assert resolve(ForecasterConfig, settings=[*STATEFUL, "model.interval=0.0"]).model.interval == 0


@pytest.mark.parametrize("setting", ["windows.chunk=9", "windows.horizon=2"])
def test_an_autoencoder_has_no_settings_of_forecasters(setting):
    with pytest.raises(InputError, match="is not a setting here, only of train forecaster: "):
        resolve(AutoencoderConfig, settings=[*WINDOWS, setting])
    with pytest.raises(InputError, match=r"windows\.stride=3 does nothing without windows\.look_back"):
        resolve(AutoencoderConfig, settings=["windows.stride=3"])


def test_a_setting_of_other_trainings_is_told_from_none_at_all():
    for name, trainings in (
        ("training.updates", " here, only of train autoencoder: "),
        ("batching", " here, only of train translation: "),
        ("training.upgrades", ": "),
    ):
        with pytest.raises(InputError, match=f"^{name}[^ ]* is not a setting{trainings}"):
            resolve(ForecasterConfig, settings=[f"{name}=3"])


def test_runs_that_stored_what_did_nothing_load():
    config = resolve(AutoencoderConfig, settings=WINDOWS)
    stored = asdict(config)
    stored["windows"] |= {"chunk": 9, "horizon": 3}
    assert from_stored(AutoencoderConfig, stored) == config
    config = resolve(ForecasterConfig, settings=STATEFUL)
    idle = replace(config, windows=replace(config.windows, look_back=7, stride=2))
    assert from_stored(ForecasterConfig, asdict(idle)) == config


@pytest.mark.parametrize("kind", THRESHOLD_KINDS)
def test_a_value_is_accepted_with_a_kind_of_threshold_if_it_can_be_fitted(kind):
    scores = np.random.default_rng(0).exponential(size=2000)
    labels = scores > 4 if kind == "f_beta" else None
    for value in (-1.0, 0.0, 1e-9, 0.5, 0.999, 1.0, 5.0, np.inf, np.nan):
        asked = [
            partial(DetectionConfig, threshold=kind, value=value),
            partial(fit_threshold, kind, scores, value, labels),
        ]
        assert refuses(asked[0]) == refuses(asked[1]), value
    default = DetectionConfig(threshold=kind).value
    assert 0 < (scores > fit_threshold(kind, scores, default, labels)).mean() < 0.05  # of normal scores


def refuses(function):
    try:
        function()
    except InputError:
        return True
    return False


def test_the_value_of_a_threshold_is_stored_and_that_of_an_earlier_run_stays():
    stored = to_mapping(resolve(AutoencoderConfig, settings=["detection.threshold=pot"]))
    assert stored["detection"]["value"] == 1e-3
    for value in (1e-3, 0.99):  # which was the default of every kind
        stored["detection"]["value"] = value
        assert from_stored(AutoencoderConfig, stored).detection.value == value


def test_choices_are_those_that_can_be_computed():
    assert get_args(Threshold) == THRESHOLD_KINDS
    assert get_args(get_type_hints(DetectionConfig)["score"]) == ERROR_KINDS
    assert get_args(get_type_hints(SeriesDataConfig)["scaling"]) == KINDS

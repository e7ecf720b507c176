"""What is said before a training of the detector that its validation part will give."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, DetectionConfig, resolve
from seq2seq.config.series import AutoencoderWindowsConfig
from seq2seq.errors import InputError
from seq2seq.inference.pieces import PREDICTION, RECONSTRUCTION
from seq2seq.report import Report
from seq2seq.series.series import Series
from seq2seq.tasks.fit_detector import check_detection, kinds_of_error


@pytest.mark.parametrize(
    ("series", "steps", "columns", "look_back", "told"),
    [
        (1, 150, 20, 12, []),
        (1, 75, 60, 12, ["75 steps with all of 60 columns, fewer than 3 for each"]),
        (1, 40, 2, 20, ["the validation part has 40 steps, too few windows of 20 steps to score a part of them"]),
        (4, 75, 60, 12, []),
        (4, 40, 2, 20, ["the validation part has 40 different times, too few windows of 20 steps to set a stretch"]),
        (
            4,
            40,
            20,
            20,
            ["40 different times with all of 20 columns, fewer", "to set a stretch of time apart"],
        ),
    ],
)
def test_a_validation_part_that_tells_too_little_is_told_of(series, steps, columns, look_back, told):
    warnings, report = [], Report()
    report.warn = warnings.append
    values = list(np.random.default_rng(0).normal(size=(series, steps, columns)))
    times = (np.datetime64("2024-05-01", "ns") + np.arange(steps) * np.timedelta64(1, "h"),) * series
    names = [str(number) for number in range(series)]
    valid = Series(values, [f"c{number}" for number in range(columns)], names, times, whole=False)
    config = AutoencoderConfig(windows=AutoencoderWindowsConfig(look_back), detection=DetectionConfig(value=0.9))
    check_detection(config.detection, config, SimpleNamespace(valid=valid), report)
    assert len(warnings) == len(told) and all(each in line for each, line in zip(told, warnings, strict=True))


@pytest.mark.parametrize(
    ("series", "steps", "look_back", "horizon", "enough"),
    [
        (1, 180, 168, 1, False),
        (1, 300, 168, 1, True),
        (500, 10, 9, 1, True),
        (20, 10, 9, 1, False),
        (1, 90, 20, 60, False),
    ],
)
def test_errors_of_a_prediction_count_where_enough_of_them_are_held_out(series, steps, look_back, horizon, enough):
    valid = Series(list(np.zeros((series, steps, 1))), ["c"], [str(n) for n in range(series)], None, whole=False)
    config = resolve(AutoencoderConfig, windows__look_back=look_back, model__horizon=horizon, detection__value=0.5)
    warnings, report = [], Report()
    report.warn = warnings.append
    both = (RECONSTRUCTION, PREDICTION)
    assert kinds_of_error(config.detection, config, valid) == (both if enough else both[:1])
    check_detection(config.detection, config, SimpleNamespace(valid=valid), report)
    assert any("scores are of the reconstruction alone" in line for line in warnings) != enough
    for asked, kinds in {"both": both, "prediction": both[1:]}.items():
        settings = replace(config.detection, errors=asked)
        if enough:
            assert kinds_of_error(settings, config, valid) == kinds
        else:
            with pytest.raises(InputError, match=f"detection.errors={asked}.*too few.*raise data.valid_share"):
                kinds_of_error(settings, config, valid)

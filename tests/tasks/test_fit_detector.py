"""What is said before a training of the detector that its validation part will give."""

from types import SimpleNamespace

import numpy as np
import pytest

from seq2seq.config import DetectionConfig
from seq2seq.report import Report
from seq2seq.series.series import Series
from seq2seq.tasks.fit_detector import check_detection


@pytest.mark.parametrize(
    ("steps", "columns", "look_back", "told"),
    [
        (150, 20, 12, []),
        (75, 60, 12, ["75 steps with all of 60 columns, fewer than 3 for each"]),
        (40, 2, 20, ["the validation part has 40 steps, too few windows of 20 steps to score a part of them"]),
    ],
)
def test_a_validation_part_that_tells_too_little_is_told_of(steps, columns, look_back, told):
    warnings, report = [], Report()
    report.warn = warnings.append
    values = np.random.default_rng(0).normal(size=(steps, columns))
    valid = Series([values], [f"c{number}" for number in range(columns)], [""], None, whole=False)
    check_detection(DetectionConfig(value=0.9), SimpleNamespace(valid=valid), look_back, report)
    assert len(warnings) == len(told) and all(each in line for each, line in zip(told, warnings, strict=True))

"""Forecasts of a stateful model are those of its steps one by one."""

import numpy as np

from seq2seq.inference.selection import Selection
from seq2seq.inference.stream import Stream


def test_a_stateful_forecast_is_the_loop_of_its_steps(days_stateful):
    series = days_stateful.read()
    stream = Stream(days_stateful)
    for row in series.values[0]:
        following = stream.read(",".join(map(str, row)))
    looped = []
    for _ in range(4):
        looped.append(following)
        following = stream.read(",".join(map(repr, map(float, following))))
    np.testing.assert_allclose(days_stateful.forecast(series, 4).values[0], looped, rtol=1e-4)


def test_a_stateful_evaluation_is_what_the_stream_says(days_stateful):
    series = Selection.of_steps([0], [60]).series(days_stateful.read())
    inputs = days_stateful.columns.read_by_model(series, days_stateful.scaler)
    rolled = days_stateful.unscaled(days_stateful.core.rolling(inputs, [np.array([30, 31])]))[:, 0]
    stream = Stream(days_stateful)
    told = [stream.read(",".join(map(str, row))) for row in series.values[0][:31]]
    np.testing.assert_allclose(rolled, told[29:31], rtol=1e-4)


def test_many_series_are_continued_as_each_by_itself(days_stateful):
    values = days_stateful.columns.read_by_model(days_stateful.read(), days_stateful.scaler)[0]
    histories = [values[:50], values[50:100], values[:70], values[20:70]]
    together = [made for made, *_ in days_stateful.core.forecasts(histories, 3, [None] * 4)]
    for history, made in zip(histories, together, strict=True):
        ((alone, *_),) = days_stateful.core.forecasts([history], 3, [None])
        np.testing.assert_allclose(made, alone, rtol=1e-4, atol=1e-5)

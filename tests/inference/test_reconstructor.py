"""An autoencoder reads other data as it was trained, and writes them again in their own units."""

from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, resolve
from seq2seq.errors import InputError
from seq2seq.inference.detection import detect
from seq2seq.inference.reconstructor import Reconstructor, build_model
from seq2seq.report import Report
from seq2seq.series.scaling import Scaler


class Listening(Report):
    def __init__(self):
        self.warnings = []

    def warn(self, line):
        self.warnings.append(line)


def test_columns_are_matched_by_name(pumps_model, pumps_files, pumps_test, tmp_path):
    lines = [line.split(",") for line in (pumps_files / "test.csv").read_text().splitlines()]
    other = tmp_path / "other.csv"
    other.write_text("\n".join(",".join([row[4], row[1], row[0], row[2]]) for row in lines))
    series = pumps_model.read(str(other))
    assert series.columns == ("flow", "heat")
    for ours, theirs in zip(series.values, pumps_test.values, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    other.write_text((pumps_files / "test.csv").read_text().replace("heat", "heats"))
    with pytest.raises(InputError, match="no column 'heat': did you mean 'heats'"):
        pumps_model.read(str(other))


def test_values_far_from_the_training_are_told_of(pumps_model, pumps_files, tmp_path):
    rows = [line.split(",") for line in (pumps_files / "test.csv").read_text().splitlines()]
    for row in rows[1:4]:
        row[4] = "51000"  # heat in other units
    other, told = tmp_path / "other.csv", Listening()
    other.write_text("\n".join(map(",".join, rows)))
    pumps_model.read(str(other), report=told)
    (note,) = [line for line in told.warnings if "far from" in line]
    assert "column 'heat' of series 'north' has the value 51000, far from those of the training" in note
    pumps_model.read(str(pumps_files / "test.csv"), report=told)
    assert sum("far from" in line for line in told.warnings) == 1


def untrained(columns, **given):
    config = resolve(AutoencoderConfig, windows__look_back=2, **given)
    scaler = Scaler("none", np.zeros(len(columns)), np.ones(len(columns)), columns)
    return Reconstructor(config, scaler, build_model(config, len(columns)))


def test_names_of_columns_may_hold_commas(tmp_path):
    file = tmp_path / "plant.csv"
    file.write_text('"Temp, C",flow,Temp,C\n' + "1,2,3,4\n" * 5)
    model = untrained(("flow", "Temp, C"), data__location=str(file), data__columns='flow,"Temp, C"')
    assert model.read(str(file)).values[0][0].tolist() == [2.0, 1.0]


@pytest.mark.parametrize("name", ["data.npy", "DATA.NPY", "Data.Npz"])
def test_what_holds_an_array_is_told_by_its_name_in_any_case(name, tmp_path):
    with open(tmp_path / name, "wb") as file:
        (np.savez if name.lower().endswith("z") else np.save)(file, np.ones((5, 2)))
    model = untrained(("flow", "heat"), data__columns="flow,heat", data__time="when", data__array="arr_0")
    assert model.read(str(tmp_path / name)).values[0].shape == (5, 2)


def test_series_that_are_too_short_are_told_of(pumps_model, pumps_files, tmp_path):
    lines = (pumps_files / "test.csv").read_text().splitlines()
    short = tmp_path / "short.csv"
    short.write_text("\n".join(lines[:6]))
    with pytest.raises(InputError, match="a window has 12 steps, the longest series 5"):
        pumps_model.read(str(short))
    short.write_text("\n".join([*lines[:40], *(line.replace("north", "east") for line in lines[1:6])]))
    report = Listening()
    series = pumps_model.read(str(short), report=report)
    assert "1 series ('east') left out: shorter than a window of 12 steps" in report.warnings[0]
    assert np.isnan(detect(pumps_model, series).scores.steps[1]).all()


def test_windows_are_reconstructed_in_the_units_of_the_data(pumps_model, pumps_test):
    found = pumps_model.reconstruct(pumps_test)
    normal = slice(0, 48)
    for values, reconstructed in zip(pumps_test.values, found, strict=True):
        assert reconstructed.shape == values.shape
        assert np.all(np.abs(reconstructed - values)[normal].mean(axis=0) < 0.6 * values[normal].std(axis=0))


def test_codes_follow_the_order_of_the_data(beats_model, beats_file, pumps_model, pumps_test):
    series = beats_model.read(str(beats_file), array="test")
    codes = beats_model.codes(series)
    assert codes.shape == (90, 24)
    np.testing.assert_allclose(beats_model.codes(series.take([5])), codes[[5]], atol=1e-5)
    codes = pumps_model.codes(pumps_test)
    assert codes.shape == (2 * (120 - 12 + 1), 16)
    cut_off = replace(pumps_test, values=[values[3:] for values in pumps_test.values], times=None)
    np.testing.assert_allclose(pumps_model.codes(cut_off)[0], codes[3], atol=1e-5)

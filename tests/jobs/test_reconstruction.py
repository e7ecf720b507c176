"""Batch jobs on series: outputs like their inputs, in every kind of file."""

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seq2seq.errors import InputError
from seq2seq.jobs.inputs import find_inputs
from seq2seq.jobs.job import Job
from seq2seq.jobs.reconstruction import BatchReconstruction
from seq2seq.report import Report


def run(work, pattern, output, **options):
    return Job(work, output, **options).run(find_inputs([str(pattern)], output))


def work_of(run_dir, **given):
    return BatchReconstruction.load(run_dir, **given)


@pytest.fixture
def samples(beats_file):
    with np.load(beats_file) as arrays:
        return arrays["test"]


def test_an_array_gives_an_array_of_its_shape(beats_run, samples, tmp_path):
    np.save(tmp_path / "a.npy", samples)
    np.savez(tmp_path / "b.npz", x=samples)
    outcome = run(work_of(beats_run, array="x", part_size=20), tmp_path / "*.np?", tmp_path / "out")
    assert (outcome.finished, outcome.bad_records) == (2, 0)
    plain = np.load(tmp_path / "out" / "a.npy")
    with np.load(tmp_path / "out" / "b.npz") as arrays:
        assert np.array_equal(arrays["reconstructed"], plain)
    assert plain.shape == samples.shape
    assert np.abs(plain - samples).mean() < np.abs(samples).mean()
    work = work_of(beats_run)
    found = work.loaded.reconstruct(work.loaded.read(str(tmp_path / "a.npy")))
    assert np.allclose(plain, np.stack(found)[:, :, 0], atol=1e-5)


def test_parts_and_shards_do_not_show(beats_run, samples, tmp_path):
    np.savez(tmp_path / "b.npz", x=samples)
    work = work_of(beats_run, array="x", part_size=20)
    from seq2seq.jobs.shards import Shard

    run(work, tmp_path / "b.npz", tmp_path / "whole")
    for number in (1, 2):
        run(work, tmp_path / "b.npz", tmp_path / "out", shard=Shard(number, 2))
    assert (tmp_path / "out" / "b.npz").read_bytes() == (tmp_path / "whole" / "b.npz").read_bytes()


@pytest.mark.parametrize("wrong", [np.inf, -np.inf, np.nan])
def test_a_bad_sample_is_listed_and_its_place_is_empty(beats_run, samples, tmp_path, wrong):
    samples = samples.copy()
    samples[3, 5] = wrong
    samples[7] = np.nan
    np.save(tmp_path / "a.npy", samples)
    outcome = run(work_of(beats_run), tmp_path / "a.npy", tmp_path / "out")
    assert outcome.bad_records == 2
    rows = map(json.loads, (tmp_path / "out" / "a.npy.rejected.jsonl").read_text().splitlines())
    assert sorted(row["sample"] for row in rows) == [3, 7]
    found = np.load(tmp_path / "out" / "a.npy")
    assert found.shape == samples.shape
    assert np.flatnonzero(np.isnan(found).any(axis=1)).tolist() == [3, 7]
    with pytest.raises(InputError, match="sample"):
        run(work_of(beats_run, strict=True), tmp_path / "a.npy", tmp_path / "strict", strict=True)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet", "a.tsv"])
def test_a_table_gives_a_table_of_its_rows(pumps_files, pumps_run, tmp_path, name):
    frame = pd.read_csv(pumps_files / "test.csv").sample(frac=1, random_state=1).sort_values("time", kind="stable")
    readers = {".parquet": pd.read_parquet, ".tsv": lambda path: pd.read_csv(path, sep="\t")}
    if name.endswith(".parquet"):
        frame.to_parquet(tmp_path / name, index=False)
    else:
        frame.to_csv(tmp_path / name, index=False, sep="\t" if name.endswith("tsv") else ",")
    run(work_of(pumps_run), tmp_path / name, tmp_path / "out")
    found = readers.get(Path(name).suffix, pd.read_csv)(tmp_path / "out" / name)
    assert list(found.columns) == list(frame.columns)
    for column in ("time", "pump", "note"):
        assert found[column].tolist() == frame[column].tolist()
    reconstructor = work_of(pumps_run).loaded
    series = reconstructor.read(str(tmp_path / name), report=Report())
    for pump, values in zip(series.names, reconstructor.reconstruct(series), strict=True):
        assert np.allclose(found.loc[found["pump"] == pump, ["flow", "heat"]], values, rtol=1e-4, atol=1e-4)


def test_a_packed_table_depends_on_its_content_alone(pumps_files, pumps_run, tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((pumps_files / "test.csv").read_bytes()))
    for output in ("one", "two"):
        run(work_of(pumps_run), tmp_path / "a.csv.gz", tmp_path / output)
    assert (tmp_path / "one" / "a.csv.gz").read_bytes() == (tmp_path / "two" / "a.csv.gz").read_bytes()


def test_a_file_that_cannot_be_read_stops_no_other(pumps_files, pumps_run, tmp_path):
    (tmp_path / "good.csv").write_bytes((pumps_files / "test.csv").read_bytes())
    (tmp_path / "other.csv").write_text("time,speed\n2024-01-01,1\n")
    (tmp_path / "no.parquet").write_bytes(b"nothing of the kind")
    outcome = run(work_of(pumps_run), tmp_path / "*", tmp_path / "out")
    assert outcome.finished == 1 and len(outcome.problems) == 2


def test_one_bad_series_of_a_table_is_listed_and_the_rest_is_done(pumps_files, pumps_run, tmp_path):
    lines = (pumps_files / "test.csv").read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if ",south," in line)
    when, pump, _, note, heat = lines[place].split(",")
    lines[place] = ",".join((when, pump, "inf", note, heat))
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    outcome = run(work_of(pumps_run), tmp_path / "a.csv", tmp_path / "out")
    assert (outcome.finished, outcome.bad_records) == (1, 1)
    (row,) = map(json.loads, (tmp_path / "out" / "a.csv.rejected.jsonl").read_text().splitlines())
    assert row["series"] == "south" and f"line {place + 1}, column 'flow' is infinite" in row["reason"]
    found = pd.read_csv(tmp_path / "out" / "a.csv").set_index("pump")
    assert found.loc["north", ["flow", "heat"]].notna().all(axis=None)
    assert found.loc["south", ["flow", "heat"]].isna().all(axis=None)
    with pytest.raises(InputError, match="series south"):
        run(work_of(pumps_run, strict=True), tmp_path / "a.csv", tmp_path / "strict", strict=True)


def test_what_is_not_reconstructed_stays_to_the_byte(pumps_files, pumps_run, tmp_path):
    content = (pumps_files / "test.csv").read_text().replace(",ok,", ',"00060 ""x""" ,').replace("\n", "\r\n")
    (tmp_path / "a.csv").write_bytes(b"# made by hand\r\n" + content.encode())
    run(work_of(pumps_run), tmp_path / "a.csv", tmp_path / "out")
    before, after = ((tmp_path / name).read_bytes().split(b"\r\n") for name in ("a.csv", "out/a.csv"))
    assert before[:2] == after[:2] and len(before) == len(after)
    for old, new in zip(before[2:-1], after[2:-1], strict=True):
        assert old != new
        assert old.split(b",")[:2] + old.split(b",")[3:4] == new.split(b",")[:2] + new.split(b",")[3:4]


def test_several_runs_write_the_mean_of_what_each_writes(beats_run, beats_model, samples, tmp_path):
    runs = [beats_run, shutil.copytree(beats_run, tmp_path / "copy")]
    np.save(tmp_path / "a.npy", samples)
    work = work_of(runs)
    assert work.model != work_of(beats_run).model
    run(work, tmp_path / "a.npy", tmp_path / "out")
    own = beats_model.reconstruct(beats_model.read(str(tmp_path / "a.npy")))
    np.testing.assert_allclose(np.load(tmp_path / "out" / "a.npy"), np.stack(own)[:, :, 0], atol=1e-5)

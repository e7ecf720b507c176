"""Data sets of Hugging Face: how they are named and found, which rows are read, and what is said where that fails."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seq2seq import hugging_face
from seq2seq.errors import InputError
from seq2seq.hugging_face import is_dataset, is_hf, opened_hf
from seq2seq.storage import digest

datasets = pytest.importorskip("datasets")


def rows_of(location, split="train"):
    data = opened_hf(location)
    return [value for batch in data.batches(data.split or split) for value in batch.column("id").to_pylist()]


def refusal(location, split="train"):
    with pytest.raises(InputError) as caught:
        rows_of(location, split)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def forgotten():
    """What one test has fetched is not there for the next."""
    hugging_face._of_hub.cache_clear()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with a data set of two splits, each in several files, and one of the second alone."""
    folder = tmp_path_factory.mktemp("saved")
    parts = {"train": range(5000), "validation": range(5000, 5040)}
    several = {name: datasets.Dataset.from_dict({"id": list(ids)}, split=name) for name, ids in parts.items()}
    datasets.DatasetDict(several).save_to_disk(folder / "both", num_shards={"train": 3, "validation": 1})
    several["validation"].save_to_disk(folder / "alone", num_shards=2)
    return folder


@pytest.mark.parametrize("form", ["{}", "hf:{}"])
def test_a_saved_folder_is_known_by_what_is_in_it(saved, form):
    for name, location in (("both", form.format(saved / "both")), ("alone", form.format(saved / "alone"))):
        assert is_hf(location)
        assert opened_hf(location).place == f"hf:{saved / name}"
    assert rows_of(form.format(saved / "both")) == [*range(5000)]
    assert rows_of(form.format(saved / "both"), "validation") == [*range(5000, 5040)]
    assert rows_of(form.format(saved / "alone")) == [*range(5000, 5040)]  # the only one there is
    assert opened_hf(form.format(saved / "alone")).split == "validation"
    assert not any(map(is_hf, ("", ".", str(saved), "memory:series", f"{saved}/both/train/state.json", "x" * 5000)))


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("train[:3]", [0, 1, 2]),
        ("train[1660:1670]", [*range(1660, 1670)]),  # over the end of a file
        ("train[-2:]", [4998, 4999]),
        ("train[2400:4000]", [*range(2400, 4000)]),
        ("train[99%:]", [*range(4950, 5000)]),
        ("validation[:1]+train[:1]", [5000, 0]),
        ("all", [*range(5040)]),
    ],
)
def test_parts_of_splits_are_written_as_those_of_tfds(saved, split, expected):
    for form in ("hf:", ""):
        assert rows_of(f"{form}{saved}/both:{split}") == expected


def test_what_is_wrong_with_a_location_is_told(saved, tmp_path):
    for split in ("tset", "train[a:b]", "train["):
        assert f"has no split {split!r}; its splits: train, validation" in refusal(f"hf:{saved}/both:{split}")
    assert "has no split 'test'" in refusal(saved / "both", "test")
    assert "is no folder of a saved data set: expected one that Dataset.save_to_disk wrote" in refusal(f"hf:{saved}")
    assert "does not exist: expected" in refusal(f"hf:{tmp_path}/none")
    assert "has no split 'tset'" in refusal(f"{saved}/both:tset")
    for location in ("hf:", "hf:a/b/c/d", "hf:a//b"):
        assert "expected hf:NAME[/CONFIG][:SPLIT]" in refusal(location)


def test_damaged_folders_are_named(saved, tmp_path):
    def damaged(name, change):
        shutil.copytree(saved / "alone", tmp_path / name)
        change(tmp_path / name)
        return refusal(tmp_path / name)

    file = "data-00000-of-00002.arrow"
    for name, change in {
        "cut": lambda folder: (folder / file).write_bytes((folder / file).read_bytes()[:-100]),
        "empty": lambda folder: (folder / file).write_bytes(b""),
        "text": lambda folder: (folder / file).write_text("id,1"),
        "gone": lambda folder: (folder / file).unlink(),
        "state": lambda folder: (folder / "state.json").write_text("{"),
        "list": lambda folder: (folder / "state.json").write_text("[]"),
        "none": lambda folder: (folder / "state.json").write_text(json.dumps({"_data_files": []})),
    }.items():
        assert f"hf:{tmp_path}/{name} cannot be read, its files may be damaged: " in damaged(name, change)


def test_the_files_tell_of_the_rows_alone(saved, tmp_path):
    again = datasets.load_from_disk(str(saved / "alone"))
    again.info.description = "told otherwise"
    again.save_to_disk(tmp_path / "again", num_shards=2)
    other = again.select(range(39))
    other.save_to_disk(tmp_path / "other", num_shards=2)
    checksums = [[*map(digest, opened_hf(each).files)] for each in (saved / "alone", tmp_path / "again")]
    assert checksums[0] == checksums[1] != [*map(digest, opened_hf(tmp_path / "other").files)]


# --- the Hub


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A Hub with the data sets `old` and `owner/new`, of the configurations None and `small`; what it was asked."""
    asked, csv = [], tmp_path / "rows.csv"
    csv.write_text("id\n7\n8\n")
    load = datasets.load_dataset

    def load_dataset(path, name=None, **options):
        asked.append((path, name))
        if path not in ("old", "owner/new"):
            raise datasets.exceptions.DatasetNotFoundError(f"Dataset '{path}' doesn't exist\non the Hub")
        if name not in (None, "small"):
            raise ValueError(f"BuilderConfig '{name}' not found.\nAvailable: ['small']")
        return load("csv", data_files={"train": str(csv)}, cache_dir=str(tmp_path / "cache"), **options)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return asked


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("old", [("old", None)]),
        ("owner/new", [("owner/new", None)]),
        ("owner/new/small", [("owner/new", "small")]),
        ("old/small", [("old/small", None), ("old", "small")]),
    ],
)
def test_names_of_the_hub(hub, name, asked):
    assert rows_of(f"hf:{name}:train[1:]") == [8]
    assert rows_of(f"hf:{name}") == [7, 8]
    assert hub == asked  # once


def test_a_folder_is_not_taken_for_what_the_hub_calls_so(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner" / "new").mkdir(parents=True)
    message = refusal("hf:owner/new/small")
    assert message.startswith("there is no folder owner/new/small: expected one that save_to_disk wrote; owner/new is")
    (tmp_path / "old").mkdir()
    refusal("hf:old/small")
    assert hub == [("old/small", None)]


def test_what_the_hub_has_not(hub):
    assert "has no data set 'owner/none' you may read: expected hf:NAME" in refusal("hf:owner/none")
    assert "hf:owner/new/large cannot be fetched: BuilderConfig 'large' not found. Available: ['small']" in refusal(
        "hf:owner/new/large"
    )


def test_without_a_network_the_hub_is_not_reached(monkeypatch):
    def load_dataset(*_, **__):
        raise ConnectionError("Couldn't reach 'owner/new' on the Hub\n(LocalEntryNotFoundError)")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    message = refusal("hf:owner/new")
    assert "the Hub of Hugging Face is not reached (Couldn't reach 'owner/new' on the Hub (Local" in message
    assert message.endswith("keep the data set with save_to_disk, and give that folder")


def test_the_library_is_needed_for_the_hub_alone(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert "hf:owner/new needs the package datasets: pip install '.[hf]'" in refusal("hf:owner/new")
    assert len(rows_of(f"hf:{saved}/both:train[:3]")) == 3
    assert not is_dataset([1], "memory:series")


def test_nothing_heavy_is_loaded_before_a_data_set_is_opened():
    code = "import sys, seq2seq.hugging_face; sys.exit(any(name in sys.modules for name in ('datasets', 'pyarrow')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1]).returncode == 0

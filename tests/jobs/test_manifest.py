"""What manifests tell: whole entries, whatever other hands have made of the rest."""

import json

import pytest

from seq2seq.jobs.manifest import Manifest
from seq2seq.jobs.shards import Shard

ENTRY = {
    **{"input": "in/a.txt", "input_checksum": "0a", "output_checksum": "0b", "records": 3, "bad_records": 0},
    **{"problem": "", "model": "0c", "settings": {"beam_size": 2}, "finished": "2025-01-01T00:00:00+00:00"},
}
ASKED = {key: value for key, value in ENTRY.items() if key not in ("input", "finished")}


def entries(folder, name):
    return list(Manifest(folder, Shard()).entries(name))


def write(folder, content):
    (folder / "manifest.json").write_text(content if isinstance(content, str) else json.dumps(content))


def test_what_was_recorded_is_told(tmp_path):
    manifest = Manifest(tmp_path, Shard())
    manifest.record("a.txt", ENTRY)
    manifest.write()
    assert entries(tmp_path, "a.txt") == [ENTRY] and entries(tmp_path, "b.txt") == []


@pytest.mark.parametrize(
    "damaged", [5, None, "text", [], {}, *({k: v for k, v in ENTRY.items() if k != key} for key in ASKED)]
)
def test_a_damaged_entry_is_none_and_costs_no_other(tmp_path, damaged):
    write(tmp_path, {"format": 1, "outputs": {"a.txt": damaged, "b.txt": ENTRY}})
    assert entries(tmp_path, "a.txt") == [] and entries(tmp_path, "b.txt") == [ENTRY]


@pytest.mark.parametrize("key", ASKED)
@pytest.mark.parametrize("value", [None, 1.5, []])
def test_an_entry_whose_values_are_of_other_types_is_none(tmp_path, key, value):
    write(tmp_path, {"format": 1, "outputs": {"a.txt": ENTRY | {key: value}}})
    assert entries(tmp_path, "a.txt") == []


@pytest.mark.parametrize(
    "content", ["", "{broken", "[]", "5", "null", '{"format": 1}', '{"format": 1, "outputs": [5]}', "[" * 100_000]
)
def test_a_damaged_manifest_has_no_entries_and_is_written_anew(tmp_path, content):
    write(tmp_path, content)
    assert entries(tmp_path, "a.txt") == []
    manifest = Manifest(tmp_path, Shard())
    manifest.record("a.txt", ENTRY)
    manifest.write()
    assert entries(tmp_path, "a.txt") == [ENTRY]

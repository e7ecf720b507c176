"""Files are whole or not there, and say when they are damaged."""

import os
import zipfile
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from seq2seq.errors import InputError
from seq2seq.storage import _digest_of_rest, digest, read_arrays, read_record, replacing, write_arrays

ARRAYS = {"weight": np.float32([[1, 2, 3], [4, 5, 6]]), "none": np.zeros((0, 3)), "names": np.array(["a", "bé"])}


@pytest.fixture
def file(tmp_path):
    write_arrays(tmp_path / "file.npz", ARRAYS, epoch=3)
    return tmp_path / "file.npz"


def signed(path):
    """The file with a checksum that fits what is in it: it was not damaged by chance."""
    with open(path, "r+b") as stream:
        found = _digest_of_rest(stream)
        stream.seek(-len(found), os.SEEK_END)
        stream.write(found)
    return path


kinds = st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_])
shapes = arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)


@settings(max_examples=50)
@given(values=arrays_of.arrays(kinds, shapes))
def test_what_is_read_is_what_was_written(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("arrays") / "file.npz"
    write_arrays(path, {"values": values}, of="test")
    arrays, record = read_arrays(path)
    assert record == {"of": "test"} == read_record(path)
    assert arrays["values"].dtype == values.dtype
    np.testing.assert_array_equal(arrays["values"], values)
    with np.load(path) as plain:
        np.testing.assert_array_equal(plain["values"], values)


def test_equal_contents_are_equal_bytes(file, tmp_path):
    write_arrays(tmp_path / "again.npz", ARRAYS, epoch=3)
    assert digest(tmp_path / "again.npz") == digest(file)


def test_changed_bytes_and_missing_ends_are_noticed(file, tmp_path):
    content = file.read_bytes()
    for place in range(0, len(content), 5):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        for some in (bytes(damaged), content[:place]):
            (tmp_path / "damaged.npz").write_bytes(some)
            with pytest.raises(InputError, match="damaged"):
                read_arrays(tmp_path / "damaged.npz")


def test_what_would_be_larger_in_memory_than_on_disk_is_refused(tmp_path):
    header = BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**40,)})
    for name, compression in (("compressed", zipfile.ZIP_DEFLATED), ("not what it says", zipfile.ZIP_STORED)):
        path = tmp_path / f"{name}.npz"
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr("record.npy", header.getvalue())
            archive.comment = b"0" * 64
        with pytest.raises(InputError, match=f"damaged .*{name}"):
            read_arrays(signed(path))


def test_objects_are_never_unpickled(tmp_path):
    path = tmp_path / "objects.npz"
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("record.npy", "w") as stream:
            np.lib.format.write_array(stream, np.array([print], object))
        archive.comment = b"0" * 64
    with pytest.raises(InputError, match="damaged"):
        read_arrays(signed(path))
    with pytest.raises(ValueError):
        write_arrays(path, {"objects": np.array([print], object)})


def test_an_interrupted_or_failed_writing_leaves_what_was_there(file):
    before = digest(file)
    for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):
        with pytest.raises(type(error)), replacing(file) as temporary:
            temporary.write_text("half")
            raise error
        assert digest(file) == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]

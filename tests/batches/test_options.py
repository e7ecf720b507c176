"""What goes for all data sets, whoever makes them."""

import re
from pathlib import Path

import seq2seq


def test_no_data_set_is_made_that_an_autotuner_watches():
    making = re.compile(r"tf\.data\.Dataset\.\w+\(")
    files = [path for path in Path(seq2seq.__file__).parent.rglob("*.py") if making.search(path.read_text("utf-8"))]
    assert len(files) >= 5
    for path in files:
        assert re.search(r"\.with_options\(fixed_parallelism\(\)\)|return map_batches\(", path.read_text("utf-8")), path

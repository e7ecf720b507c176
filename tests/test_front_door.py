"""All that the package shows at its front door is there."""

import seq2seq


def test_every_name_is_found():
    for name in seq2seq.__all__:
        assert getattr(seq2seq, name).__name__ == name or name.startswith("train_")

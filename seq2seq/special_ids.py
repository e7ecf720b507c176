"""The ids that every vocabulary starts with. PAD must be 0 for masks; no text is ever encoded to PAD, BOS or EOS."""

PAD, UNK, BOS, EOS = 0, 1, 2, 3

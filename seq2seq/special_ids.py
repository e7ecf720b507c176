"""The ids that every vocabulary starts with. PAD must be 0 for masks; no text is ever encoded to PAD, BOS or EOS."""

PAD, UNK, BOS, EOS = 0, 1, 2, 3
# No label is ever one of these, so no translation may hold them, however little a model has learned.
NEVER_WRITTEN = (PAD, BOS)

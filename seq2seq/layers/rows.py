"""Numbers of rows that matrix products like."""

ROWS = 16


def spare_rows(count):
    """How many rows make a number of rows, that differs from batch to batch, a multiple of `ROWS`.

    On a CPU, oneDNN compiles a kernel for each shape of a product that it meets, which takes half a millisecond and 300
    KB, and keeps the last thousand. Without spare rows nearly every batch has new ones: a twentieth of the time of an
    update, and hundreds of megabytes.
    """
    return -count % ROWS

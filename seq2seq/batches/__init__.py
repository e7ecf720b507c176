"""The one place of tf.data: ids and series become batches, in an order that can be repeated from any epoch on."""

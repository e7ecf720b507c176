"""Strings to batches of ids: parallel text (`corpus`), vocabularies (`tokenizer`) and tf.data (`batching`)."""

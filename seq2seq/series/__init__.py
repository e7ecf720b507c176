"""Numbers to batches of windows: files (`table`), units (`scaling`), times (`calendar`) and tf.data (`windows`)."""

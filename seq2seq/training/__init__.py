"""Training: compile and fit, losses, metrics, learning-rate schedules, averages of weights, checkpoints."""

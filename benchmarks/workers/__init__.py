"""Processes that do the work to be measured, one system each. `protocol` is what they share with the driver."""

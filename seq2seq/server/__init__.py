"""Loaded runs behind HTTP, which answer what the commands do: here requests are read, queued and answered.

One process has an event loop, which reads and writes, and threads beside it, in which models compute.
"""

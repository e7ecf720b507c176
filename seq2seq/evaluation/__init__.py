"""Measuring results: NumPy arrays and strings in, frozen dataclasses out."""

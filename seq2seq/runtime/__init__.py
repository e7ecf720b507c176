"""Exported folders that answer: NumPy and ONNX Runtime alone.

A folder holds a run's settings, tokenizers or units, and its graphs. Loaded runs (`seq2seq.inference`) open one as
they open a run, and do the same with what its graphs give.
"""

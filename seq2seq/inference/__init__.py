"""Loaded runs that answer: each is made from a run directory alone, and knows nothing of its training."""

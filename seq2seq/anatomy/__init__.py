"""What networks are made of, step by step: described here, drawn in `seq2seq.plots`, computed by neither."""

from seq2seq.anatomy.description import Edge, Place, Row, Section, Unrolled
from seq2seq.anatomy.unrolling import unrolled

__all__ = ["Edge", "Place", "Row", "Section", "Unrolled", "unrolled"]

"""The workers of a training: sums over all of them, by the collectives of `tf.distribute`, and a share of each batch.

Each worker is a process with a copy of the model. All of them train the same batches in the same order, each its own
rows; gradients, losses and numbers of targets are summed over the workers before anything is divided, so that an update
is that of one process with the whole batch. Whatever else decides how the training goes on is agreed on: so all workers
are in the same state at every moment, and one checkpoint is that of all.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from seq2seq.batches.protocol import Share
from seq2seq.errors import InputError
from seq2seq.interruption import Stopped, hear_again
from seq2seq.report import Report
from seq2seq.training.meeting import meet
from seq2seq.training.shared_memory import SharedMemory
from seq2seq.workers import ALONE, Place

# Numbers that a sum passes around in one piece, 2 MiB: measured on loopback, one of 30 MiB takes three times as long.
PIECE = 2**19
_GROUP, _MESSAGE_GROUP = 1, 2  # a device of each worker; a processor of each worker
_MESSAGE = 2**16  # numbers in a piece of a message
_NUMBERS, _PIECE, _TOTAL = 1, 2, 5  # places where workers meet; `shared_memory` has those between
LOST = (  # what TensorFlow raises where another worker is lost
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.FailedPreconditionError,
)


class Cluster:
    """All workers of a training as one of them sees them; alone, it is nothing but this process.

    To be made before anything runs in TensorFlow.

    Args:
        place: `Place` of this process among them.
        report: `Report`, told of workers that are waited for.

    Attributes:
        place: `Place`.
        share: `Share` of the rows of a batch that this worker trains.

    Raises:
        InputError: more workers than GPUs on a machine that has some.
        Stopped: a worker has not come.
    """

    def __init__(self, place: Place = ALONE, report: Report | None = None):
        self.place, self.share = place, Share(place.index, place.count)
        if place.count == 1:
            return
        self._device, self._memory = _choose_device(place), None
        meet(place, report=report)
        cluster = tf.train.ClusterSpec({"worker": list(place.addresses)})
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            cluster, task_type="worker", task_id=place.index
        )
        # It starts the servers that the collectives talk to, and is otherwise not used: Keras's `fit` fails in it.
        self._strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
        hear_again()
        numbers, message = tf.TensorSpec((place.count,), tf.int32), tf.TensorSpec((_MESSAGE,), tf.int32)
        self._sum_of_numbers = tf.function(partial(self._message_sum, key=_NUMBERS), input_signature=[numbers])
        self._sum_of_messages = tf.function(partial(self._message_sum, key=_PIECE), input_signature=[message])

    @property
    def is_chief(self) -> bool:
        """Whether this is the worker that writes."""
        return self.place.is_chief

    @property
    def is_alone(self) -> bool:
        """Whether there are no others."""
        return self.place.count == 1

    def share_memory(self, numbers: int) -> None:
        """Have `mean` of at most so many numbers use memory that the workers share, where all are on one machine.

        A GPU's numbers do not come to the processor for that.
        """
        everywhere = self.place.on_its_machine[1] == self.place.count
        if everywhere and not self.is_alone and not self._device.startswith("GPU"):
            self._memory = SharedMemory.open(self.place.index, self.place.count, numbers, self.gather)

    def mean(self, loss: tf.Tensor, weight: tf.Tensor, gradients: Sequence[tf.Tensor]) -> tuple:
        """The loss of a whole batch and its gradients, from those of each worker's share; part of a graph.

        Args:
            loss: float32 scalar, a mean over the targets of this worker.
            weight: float32 scalar, how many these are.
            gradients: of the loss.

        Returns:
            Mean loss, number of targets and gradients, of all workers.
        """
        weight = tf.cast(weight, tf.float32)
        if self._memory is not None:
            return self._memory.mean(loss, weight, gradients, self._message_sum)
        parts = [weight, loss * weight, *(gradient * weight for gradient in gradients)]
        total, loss, *gradients = self._sum(parts)
        total_or_1 = tf.maximum(total, 1.0)
        return loss / total_or_1, total, [gradient / total_or_1 for gradient in gradients]

    def total(self, numbers: tf.Tensor) -> tf.Tensor:
        """The sum of a float32 tensor over all workers; part of a graph, once in it."""
        return self._message_sum(numbers, _TOTAL)

    def _sum(self, tensors):
        """The sums of float32 tensors of known shapes over all workers, each worker giving its own."""
        flat = tf.concat([tf.reshape(tensor, (-1,)) for tensor in tensors], 0)
        sizes = [tensor.shape.num_elements() for tensor in tensors]
        pieces = [min(PIECE, sum(sizes) - start) for start in range(0, sum(sizes), PIECE)]
        # NCCL wants them in one order on all workers: in a function TensorFlow has each follow the one made before it.
        with tf.device(self._device):
            summed = [self._reduce(piece, _GROUP, 100 + number) for number, piece in enumerate(tf.split(flat, pieces))]
        parts = tf.split(tf.concat(summed, 0), sizes)
        return [tf.reshape(part, tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]

    def largest(self, number: int) -> int:
        """The largest of the numbers, int32, that the workers give; each must ask at the same moment."""
        return number if self.is_alone else int(self._numbers(number).max())

    def share_of(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Whole batches, of which each worker has every so-maniest: what is judged may be shared out by them."""
        return batches if self.is_alone else batches.shard(self.place.count, self.place.index)

    def gather(self, content: Any) -> list:
        """What each worker gives, JSON-ready, in their order; each must ask at the same moment."""
        if self.is_alone:
            return [content]
        return [json.loads(each) for each in self.gather_bytes(json.dumps(content).encode())]

    def gather_bytes(self, content: bytes) -> list[bytes]:
        """The bytes that each worker gives, in their order; each must ask at the same moment."""
        lengths = self._numbers(len(content))
        ends = np.cumsum(lengths)
        # Each gives zeros but where its own bytes are: the sum has them all.
        flat = np.zeros(-(-max(int(ends[-1]), 1) // (4 * _MESSAGE)) * 4 * _MESSAGE, np.uint8)
        flat[ends[self.place.index] - len(content) : ends[self.place.index]] = np.frombuffer(content, np.uint8)
        pieces = flat.view(np.int32).reshape(-1, _MESSAGE)
        joined = b"".join(self._sum_of_messages(piece).numpy().tobytes() for piece in pieces)
        return [joined[end - length : end] for end, length in zip(ends, lengths, strict=True)]

    def _numbers(self, number):
        own = np.zeros(self.place.count, np.int32)
        own[self.place.index] = number
        return self._sum_of_numbers(own).numpy()

    def _message_sum(self, numbers, key):
        with tf.device("CPU:0"):
            return self._reduce(numbers, _MESSAGE_GROUP, key)

    def _reduce(self, tensor, group, key):
        return tf.raw_ops.CollectiveReduceV2(
            input=tensor,
            group_size=self.place.count,
            group_key=group,
            instance_key=key,
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
        )

    @contextmanager
    def ending_together(self) -> Iterator[None]:
        """A block in which the loss of another worker stops this one.

        Raises:
            Stopped: a worker is lost.
        """
        try:
            yield
        except LOST as error:
            if self.is_alone:
                raise
            raise Stopped(f"another of the {self.place.count} workers has ended") from error


def _choose_device(place):
    gpus = tf.config.list_physical_devices("GPU")
    number, count = place.on_its_machine
    if not gpus:
        return "CPU:0"
    if count > len(gpus):
        raise InputError(f"{count} workers on a machine with {len(gpus)} GPUs: start one for each GPU at most.")
    tf.config.set_visible_devices(gpus[number], "GPU")
    return "GPU:0"

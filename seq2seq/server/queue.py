"""What waits for the models, and the threads that work it off: what is alike and fits goes in one batch."""

import asyncio
import math
import sys
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from seq2seq.errors import InputError

LONGEST_PATIENCE = 60  # seconds after which a client that was refused is asked to come again, at most
# A batch waits for clients that have just been answered, and may ask again at once: half-empty batches would cost more.
# So many seconds for each second that their answers took, and at most.
WAIT_SHARE, LONGEST_WAIT = 0.25, 0.05
_THREADS = "models"  # their name


def is_computing() -> bool:
    """Whether a thread of some queue of this process is at work, or waits for some."""
    return any(thread.name == _THREADS for thread in threading.enumerate())


class FullError(Exception):
    """Too much is waiting.

    Attributes:
        seconds: int. After so many there may be room.
    """

    def __init__(self, seconds: int):
        super().__init__(f"{seconds} s")
        self.seconds = seconds


class Kind(ABC):
    """How items are answered: those of equal kinds are, together.

    Attributes:
        budget: int. What the sizes of a batch may sum up to.
    """

    budget = 0

    def sizes(self, orders: Sequence[Sequence[Any]]) -> Sequence[Sequence[int]]:
        """How much each item of some orders takes of the budget; computed in a thread of the models."""
        return [[1] * len(items) for items in orders]

    @abstractmethod
    def answer(self, items: Sequence[Any]) -> Sequence[Any]:
        """The answers of some items, in their order."""


@dataclass(eq=False)
class Alone(Kind):
    """A call that shares a batch with none.

    Args:
        call: function without arguments.
    """

    call: Callable[[], Any]

    def answer(self, items):
        return [self.call()]


@dataclass(eq=False)
class Order:
    """Items that one client waits for: of them `taken` are in batches, and `done` answered."""

    kind: Kind
    items: Sequence[Any]
    future: asyncio.Future
    sizes: Sequence[int] = ()
    taken: int = 0
    done: int = 0
    answers: list[Any] = field(default_factory=list)

    @property
    def left(self) -> int:
        return len(self.items) - self.taken


class Queue:
    """Orders that wait, and the threads that answer them; to be made and asked in an event loop.

    A batch is made of what waits when a thread is free, the first of it first; of an order that is not answered by one
    batch the rest goes behind all others. All threads get equal shares of what waits, is being answered, and may soon
    come again.

    Args:
        most: int. Items that may wait.
        time_limit: float. Seconds after which an order is given up.
        at_once: int. Batches that are answered at a time; of calls that stand alone it is one.
        observe: function that is told of each batch: how many items, and seconds.
    """

    def __init__(
        self, most: int, time_limit: float, at_once: int = 1, observe: Callable[[int, float], None] = lambda *_: None
    ):
        self.most, self.time_limit, self._observe = most, time_limit, observe
        self.waiting = 0  # items
        self._orders: deque[Order] = deque()
        self._changed, self._taking = threading.Condition(), threading.Lock()
        self._closed, self._alone = False, False  # whether a call that stands alone is answered
        self._running, self._expected, self._until = 0, 0, 0.0  # items; of clients that may come again until a time
        self._seconds_each = 0.0  # that an item took lately
        self._loop = asyncio.get_running_loop()
        self._threads = [threading.Thread(target=self._work, name=_THREADS, daemon=True) for _ in range(at_once)]
        for thread in self._threads:
            thread.start()

    def close(self, patience: float = math.inf) -> None:
        """Answer what waits, and then no more.

        Args:
            patience: float. Seconds after which what is not answered is given up, see `is_computing`.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        ends = time.monotonic() + min(patience, threading.TIMEOUT_MAX)
        for thread in self._threads:
            thread.join(max(ends - time.monotonic(), 0.0))

    def enter(self, kind: Kind, items: Sequence[Any] = (None,)) -> Order:
        """Have items answered: the `future` of the order gives their answers.

        Raises:
            FullError: they do not fit into the queue.
            InputError: they never would.
        """
        if len(items) > self.most:
            raise InputError(
                f"expected at most {self.most:,} texts at a time, for more never wait here; got {len(items):,}."
            )
        order = Order(kind, items, self._loop.create_future(), answers=[None] * len(items))
        with self._changed:
            if self.waiting + len(items) > self.most:
                seconds = math.ceil(self.waiting * self._seconds_each)
                raise FullError(min(max(seconds, 1), LONGEST_PATIENCE))
            self._orders.append(order)
            self.waiting += len(items)
            if not isinstance(kind, Alone):
                self._expected = max(self._expected - len(items), 0)
            self._changed.notify()
        return order

    async def result(self, order: Order) -> list[Any]:
        """The answers of an order. Whoever leaves, by cancellation or as the time is over, takes its rest away.

        Raises:
            TimeoutError: the time is over.
        """
        try:
            async with asyncio.timeout(self.time_limit):
                return await order.future
        finally:
            if order.left:
                self._remove(order)

    def _remove(self, order):
        with self._changed:
            if order in self._orders:
                self._orders.remove(order)
                self.waiting -= order.left

    def _work(self):
        while True:
            with self._changed:
                while not self._first() and not (self._closed and not self._orders):
                    held = self._orders and self._expected  # back for clients that may not come
                    self._changed.wait(max(self._until - time.monotonic(), 0.0) if held else None)
                if not self._orders:
                    return
            with self._taking:
                with self._changed:
                    first, share = self._first(), self._share()
                    alike = [order for order in self._orders if first and order.kind == first.kind]
                batch = self._take(alike, share) if alike else []  # else another thread was faster
            if batch:
                began = time.monotonic()
                self._answer(batch[0][0].kind, batch)
                self._end(batch, time.monotonic() - began)

    def _first(self):
        """The first order that can be answered now."""
        if self._expected and time.monotonic() >= self._until:
            self._expected = 0
        full = self._closed or not self._expected or self.waiting >= self._share()
        possible = (order for order in self._orders if (not self._alone if isinstance(order.kind, Alone) else full))
        return next(possible, None)

    def _share(self):
        """Items that are one thread's part of all that there are."""
        return math.ceil((self.waiting + self._running + self._expected) / len(self._threads))

    def _end(self, batch, seconds):
        """Let others in after a batch that has been answered, and wait for its clients."""
        with self._changed:
            self._running -= sum(part.stop - part.start for _, part in batch)
            if isinstance(batch[0][0].kind, Alone):
                self._alone = False
            else:
                self._expected += sum(len(order.items) for order, _ in batch if order.done == len(order.items))
                self._until = time.monotonic() + min(WAIT_SHARE * seconds, LONGEST_WAIT)
            self._changed.notify_all()

    def _take(self, orders, share):
        """Orders with the slice of their items that goes into the next batch."""
        self._weigh([order for order in orders if not order.sizes])
        orders = [order for order in orders if order.sizes]
        if not orders:
            return []
        batch, room, count = [], orders[0].kind.budget, share
        for order in orders:
            end = order.taken
            while end < len(order.items) and count and (order.sizes[end] <= room or (not batch and end == order.taken)):
                room, count, end = room - order.sizes[end], count - 1, end + 1
            if end > order.taken:
                batch.append((order, slice(order.taken, end)))
            if end < len(order.items):
                break
        with self._changed:
            batch = [each for each in batch if each[0] in self._orders]
            for order, part in batch:
                self._orders.remove(order)
                order.taken = part.stop
                self.waiting -= part.stop - part.start
                self._running += part.stop - part.start
                if order.left:
                    self._orders.append(order)
            self._alone = self._alone or (bool(batch) and isinstance(orders[0].kind, Alone))
            if self._orders:
                self._changed.notify()
        return batch

    def _weigh(self, orders):
        """Give orders their sizes; one that cannot be weighed fails, and no other with it."""
        if not orders:
            return
        try:
            weighed = orders[0].kind.sizes([order.items for order in orders])
        except Exception as error:
            if len(orders) == 1:
                self._fail(orders[0], error)
            else:
                for order in orders:
                    self._weigh([order])
            return
        for order, sizes in zip(orders, weighed, strict=True):
            order.sizes = sizes

    def _answer(self, kind, batch):
        began = time.monotonic()
        items = [item for order, part in batch for item in order.items[part]]
        try:
            answers = kind.answer(items)
        except Exception as error:
            if len(batch) == 1:
                self._fail(batch[0][0], error)
            else:  # which of them it was shows when each is alone
                for each in batch:
                    self._answer(kind, [each])
            return
        done, start = [], 0
        for order, part in batch:
            count = part.stop - part.start
            order.answers[part] = answers[start : start + count]
            start += count
            with self._changed:
                order.done += count
                if order.done == len(order.items):
                    done.append((order.future, order.answers))
        seconds = time.monotonic() - began
        self._seconds_each += 0.1 * (seconds / len(items) - self._seconds_each)
        self._observe(len(items), seconds)
        self._loop.call_soon_threadsafe(_deliver, done)

    def _fail(self, order, error):
        if not isinstance(error, InputError):
            traceback.print_exception(error, file=sys.stderr)
        self._remove(order)
        if isinstance(error, StopIteration):  # which no future takes: whoever waits would wait for ever
            error = RuntimeError(f"StopIteration: {error}")
        self._loop.call_soon_threadsafe(_deliver, [(order.future, error)])


def _deliver(results):
    for future, result in results:
        if not future.done():
            (future.set_exception if isinstance(result, Exception) else future.set_result)(result)

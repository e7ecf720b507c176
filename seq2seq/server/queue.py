"""What waits for the models, and the threads that work it off: what is alike and fits goes in one batch."""

import asyncio
import math
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from seq2seq.errors import InputError
from seq2seq.server.orders import Alone, FullError, Kind, Order

LONGEST_PATIENCE = 60  # seconds after which a client that was refused is asked to come again, at most
# A batch waits for clients that have just been answered, and may ask again at once: half-empty batches would cost more.
# So many seconds for each second that their answers took, and at most.
WAIT_SHARE, LONGEST_WAIT = 0.25, 0.05
JOIN_SHARE = 0.25  # of a thread's part of all that there are: as soon as so many wait, they join a batch
_THREADS = "models"  # their name


def is_computing() -> bool:
    """Whether a thread of some queue of this process is at work, or waits for some."""
    return any(thread.name == _THREADS for thread in threading.enumerate())


class Queue:
    """Orders that wait, and the threads that answer them; to be made and asked in an event loop.

    A batch is made of what waits when a thread is free, the first of it first; of an order that is not answered by one
    batch the rest goes behind all others. All threads get equal shares of what waits, is being answered, and may soon
    come again.

    Where a kind answers items that come one by one, those that wait join its batch while others of it are answered,
    unless others wait; who leaves leaves it, too.

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
                kind, began = batch[0][0].kind, time.monotonic()
                if running := kind.begin():
                    self._answer_joined(kind, running, batch)
                else:
                    self._answer(kind, batch)
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
            if isinstance(batch[0][0].kind, Alone):
                self._alone = False
            else:
                orders = dict.fromkeys(order for order, _ in batch)
                self._expected += sum(len(order.items) for order in orders if order.done == len(order.items))
                self._until = time.monotonic() + min(WAIT_SHARE * seconds, LONGEST_WAIT)
            self._changed.notify_all()

    def _take(self, orders, share, inside=()):
        """Orders and places of the items that go into the next batch, or join those of sizes `inside`."""
        self._weigh([order for order in orders if not order.sizes])
        orders = [order for order in orders if order.sizes]
        if not orders:
            return []
        ends, kind = {}, orders[0].kind
        count, total, longest = len(inside), sum(inside), max(inside, default=0)
        for order in orders:
            end = order.taken
            while end < len(order.items) and count < share:
                more = count + 1, total + order.sizes[end], max(longest, order.sizes[end])
                if count and not kind.fits(*more):
                    break
                (count, total, longest), end = more, end + 1
            if end > order.taken:
                ends[order] = end
            if end < len(order.items):
                break
        return self._taken(ends)

    def _taken(self, ends):
        """The items of orders up to the places `ends`, but of those who have gone meanwhile; they wait no more."""
        batch = []
        with self._changed:
            for order, end in ends.items():
                if order in self._orders:
                    batch += [(order, place) for place in range(order.taken, end)]
                    self._orders.remove(order)
                    self.waiting -= end - order.taken
                    order.taken = end
                    if order.left:
                        self._orders.append(order)
            self._running += len(batch)
            self._alone = self._alone or (bool(batch) and isinstance(batch[0][0].kind, Alone))
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

    def _answer_joined(self, kind, running, batch):
        """Answer a batch, and what joins it, until nothing is left of it."""
        inside, spent = {}, 0.0  # from numbers to orders and places
        try:
            while batch or inside:
                began = time.monotonic()
                if batch:
                    numbers = running.join([order.items[place] for order, place in batch])
                    inside.update(zip(numbers, batch, strict=True))
                if gone := [number for number, (order, _) in inside.items() if order.future.done()]:
                    running.leave(gone)
                    self._leave([inside.pop(number) for number in gone])
                ended = [(inside.pop(number), answer) for number, answer in running.advance() if number in inside]
                seconds = time.monotonic() - began
                self._observe(len(batch), seconds)
                batch, spent = [], spent + seconds
                if ended:
                    self._deliver(*zip(*ended, strict=True), spent)
                    spent = 0.0
                batch = self._joining(kind, inside)
        except Exception:  # whose fault it was shows when each is alone
            for each in dict.fromkeys([*batch, *inside.values()]):
                self._answer(kind, [each])

    def _joining(self, kind, inside):
        """What joins those that are inside, if it is worth while, and nobody waits who cannot."""
        with self._changed:
            share = self._share()
            enough = self.waiting >= share * JOIN_SHARE and len(inside) < share
            if not self._orders or not enough or any(order.kind != kind for order in self._orders):
                return []
        with self._taking:
            with self._changed:
                orders = [order for order in self._orders if order.kind == kind]
            return self._take(orders, share, [order.sizes[place] for order, place in inside.values()])

    def _answer(self, kind, batch):
        began = time.monotonic()
        try:
            answers = kind.answer([order.items[place] for order, place in batch])
        except Exception as error:
            orders = list(dict.fromkeys(order for order, _ in batch))
            if len(orders) == 1:
                self._leave(batch)
                self._fail(orders[0], error)
            else:  # which of them it was shows when each is alone
                for order in orders:
                    self._answer(kind, [each for each in batch if each[0] is order])
            return
        seconds = time.monotonic() - began
        self._observe(len(batch), seconds)
        self._deliver(batch, answers, seconds)

    def _deliver(self, batch, answers, seconds):
        """Tell those whose last item is among these."""
        self._leave(batch)
        self._seconds_each += 0.1 * (seconds / len(batch) - self._seconds_each)
        done = []
        with self._changed:
            for (order, place), answer in zip(batch, answers, strict=True):
                order.answers[place] = answer
                order.done += 1
                if order.done == len(order.items):
                    done.append((order.future, order.answers))
        if done:
            self._loop.call_soon_threadsafe(_set, done)

    def _leave(self, batch):
        with self._changed:
            self._running -= len(batch)

    def _fail(self, order, error):
        if not isinstance(error, InputError):
            traceback.print_exception(error, file=sys.stderr)
        self._remove(order)
        if isinstance(error, StopIteration):  # which no future takes: whoever waits would wait for ever
            error = RuntimeError(f"StopIteration: {error}")
        self._loop.call_soon_threadsafe(_set, [(order.future, error)])


def _set(results):
    for future, result in results:
        if not future.done():
            (future.set_exception if isinstance(result, Exception) else future.set_result)(result)

"""What waits is answered: in batches that do not tell, within bounds, and not for those who have gone."""

import asyncio
import threading

import pytest

from seq2seq.errors import InputError
from seq2seq.server.queue import Alone, FullError, Kind, Queue, is_computing


class Doubling(Kind):
    """Answers numbers, slowly where it is told to; keeps the batches."""

    def __init__(self, budget=4):
        self.budget, self.batches, self.go = budget, [], threading.Event()
        self.go.set()

    def sizes(self, orders):
        if any(99 in items for items in orders):
            raise InputError("99")
        return [[abs(item) for item in items] for items in orders]

    def answer(self, items):
        self.go.wait()
        self.batches.append(list(items))
        if 13 in items:
            raise InputError("13")
        return [2 * item for item in items]


def run(main, most=16, time_limit=60.0, at_once=1):
    async def within():
        queue = Queue(most, time_limit, at_once)
        try:
            return await main(queue)
        finally:
            await asyncio.to_thread(queue.close)

    return asyncio.run(within())


async def answers(queue, kind, *orders):
    entered = [queue.enter(kind, items) for items in orders]
    return await asyncio.gather(*map(queue.result, entered), return_exceptions=True)


def test_what_waits_shares_batches_within_the_budget():
    kind = Doubling()

    async def main(queue):
        kind.go.clear()
        first = queue.enter(kind, [1])
        while queue.waiting:  # until the thread has taken it, and waits
            await asyncio.sleep(0.01)
        rest = [queue.enter(kind, items) for items in ([1, 1], [2], [3], [9], [1])]
        kind.go.set()
        return await asyncio.gather(*map(queue.result, [first, *rest]))

    assert run(main) == [[2], [2, 2], [4], [6], [18], [2]]
    assert kind.batches == [[1], [1, 1, 2], [3], [9], [1]]


def test_a_long_order_lets_others_in_between():
    kind = Doubling(budget=2)

    async def main(queue):
        kind.go.clear()
        orders = [queue.enter(kind, [1] * 5), queue.enter(kind, [2])]
        kind.go.set()
        return await asyncio.gather(*map(queue.result, orders))

    assert run(main) == [[2] * 5, [4]]
    assert kind.batches.index([2]) == 1


def test_other_kinds_and_lone_calls_share_no_batch():
    one, other = Doubling(), Doubling()

    async def main(queue):
        one.go.clear()
        orders = [
            queue.enter(one, [1]),
            queue.enter(other, [1]),
            queue.enter(Alone(lambda: "x")),
            queue.enter(one, [2]),
        ]
        one.go.set()
        return await asyncio.gather(*map(queue.result, orders))

    assert run(main) == [[2], [2], ["x"], [4]]
    assert other.batches == [[1]]


def test_what_fails_fails_alone():
    kind = Doubling(budget=100)

    async def main(queue):
        kind.go.clear()
        orders = [queue.enter(kind, [each]) for each in (1, 2, 13, 4)]
        kind.go.set()
        return await asyncio.gather(*map(queue.result, orders), return_exceptions=True)

    *good, last = run(main)
    assert [good[0], good[1], last] == [[2], [4], [8]]
    assert isinstance(good[2], InputError)


def test_what_cannot_be_weighed_fails_alone_and_no_thread_with_it():
    async def main(queue):
        kind = Doubling()
        for _ in range(3):
            found = await answers(queue, kind, [1], [99], [2])
            assert found[0] == [2] and found[2] == [4] and str(found[1]) == "99"
        assert queue.waiting == 0

    run(main)


def test_a_full_queue_says_when_to_come_again():
    kind = Doubling()

    async def main(queue):
        kind.go.clear()
        first = queue.enter(kind, [1] * 3)
        with pytest.raises(FullError) as refused:
            queue.enter(kind, [1] * 3)
        kind.go.set()
        assert await queue.result(first) == [2] * 3
        assert await queue.result(queue.enter(kind, [1] * 3)) == [2] * 3
        return refused.value.seconds

    assert run(main, most=4) >= 1


def test_who_waits_too_long_or_goes_leaves_the_queue():
    kind = Doubling()

    async def main(queue):
        kind.go.clear()
        queue.enter(kind, [1])
        while queue.waiting:
            await asyncio.sleep(0.01)
        late, gone = queue.enter(kind, [2]), asyncio.create_task(queue.result(queue.enter(kind, [3])))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(TimeoutError):
            await queue.result(late)
        assert queue.waiting == 0
        kind.go.set()
        return await queue.result(queue.enter(kind, [4]))

    assert run(main, time_limit=0.05) == [8]
    assert kind.batches == [[1], [4]]


def test_closing_answers_what_waits():
    kind = Doubling()

    async def main(queue):
        kind.go.clear()
        orders = [queue.enter(kind, [3]), queue.enter(kind, [4])]
        threading.Timer(0.05, kind.go.set).start()
        await asyncio.to_thread(queue.close)
        return await asyncio.gather(*map(queue.result, orders))

    assert run(main) == [[6], [8]]


def test_threads_that_are_free_share_what_waits_and_answers_keep_their_order():
    kind = Doubling(budget=1000)

    async def main(queue):
        kind.go.clear()
        orders = [queue.enter(kind, [each]) for each in range(2)]
        while queue.waiting:
            await asyncio.sleep(0.01)
        orders.append(queue.enter(kind, list(range(14, 40))))
        kind.go.set()
        return await asyncio.gather(*map(queue.result, orders))

    assert run(main, most=40, at_once=2)[2] == [2 * each for each in range(14, 40)]


def test_lone_calls_are_never_two():
    inside, most = 0, 0

    def call():
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        threading.Event().wait(0.005)
        inside -= 1

    async def main(queue):
        await asyncio.gather(*(queue.result(queue.enter(Alone(call))) for _ in range(8)))

    run(main, at_once=3)
    assert most == 1


def test_a_call_that_no_future_can_tell_of_ends():
    def call():
        raise StopIteration

    async def main(queue):
        await queue.result(queue.enter(Alone(call)))

    with pytest.raises(RuntimeError, match="StopIteration"):
        run(main)


def test_a_call_that_is_stuck_keeps_no_queue_from_closing():
    go = threading.Event()

    async def main():
        queue = Queue(16, 60.0)
        queue.enter(Alone(go.wait))
        await asyncio.to_thread(queue.close, 0.01)
        stuck = is_computing()
        go.set()
        await asyncio.to_thread(queue.close)
        return stuck, is_computing()

    assert asyncio.run(main()) == (True, False)

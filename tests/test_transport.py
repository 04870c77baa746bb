"""The adaptive window and the rates, on a clock that the test turns."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import ConfigurationError, ConnectionTrouble
from w2s_judge.transport.door import Door
from w2s_judge.transport.endpoint import Endpoint
from w2s_judge.transport.window import FIRST_WIDTH, Window
from w2s_judge.transport.wire import Request


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def window(ceiling, clock=None):
    return Window(ceiling, clock or Clock(), asyncio.Event())


async def test_it_widens_by_one_a_success_until_the_first_429_then_by_one_a_round():
    clock = Clock()
    one = window(200, clock)
    for _ in range(FIRST_WIDTH):
        one.succeeded()
    assert one.width == 2 * FIRST_WIDTH
    one.limited(0.0)
    assert one.width == FIRST_WIDTH
    one.limited(0.0)  # of the same burst
    assert one.width == FIRST_WIDTH
    clock.now += 2
    one.limited(0.0)
    assert one.width == FIRST_WIDTH / 2
    for _ in range(int(one.width)):
        one.succeeded()
    assert FIRST_WIDTH / 2 < one.width <= FIRST_WIDTH / 2 + 1


@given(st.integers(1, 40), st.lists(st.sampled_from(["enter", "leave", "good", "limited"])))
def test_never_more_in_flight_than_the_ceiling(ceiling, steps):
    async def play():
        one = window(ceiling)
        waiting = set()
        for step in steps:
            if step == "enter":
                waiting.add(asyncio.create_task(one.enter()))
            elif step == "leave" and one.in_flight:
                one.leave()
            elif step == "good":
                one.succeeded()
            elif step == "limited":
                one.limited(0.0)
            await asyncio.sleep(0)
            assert 0 <= one.in_flight <= ceiling
            assert 1 <= one.width <= ceiling
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(play())


async def test_a_stop_ends_a_pause():
    stopping = asyncio.Event()
    one = Window(4, asyncio.get_running_loop().time, stopping)
    one.pause(600)
    task = asyncio.create_task(one.enter())
    await asyncio.sleep(0.01)
    stopping.set()
    assert await asyncio.wait_for(task, 5) is False


async def test_who_waits_is_let_in_when_another_leaves():
    one = window(1)
    assert await one.enter()
    task = asyncio.create_task(one.enter())
    await asyncio.sleep(0)
    assert not task.done()
    one.leave()
    assert await task


async def test_a_key_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    async with Door() as door:
        with pytest.raises(ConfigurationError, match="NO_SUCH_KEY"):
            await door.post(Endpoint("http://127.0.0.1:9", "NO_SUCH_KEY"), Request("/x", {}), 1)


async def test_a_connection_that_was_never_made_cost_nothing():
    async with Door() as door:
        with pytest.raises(ConnectionTrouble) as caught:
            await door.post(Endpoint("http://127.0.0.1:9"), Request("/x", {}), 1)
    assert caught.value.billable is False


async def test_a_stall_is_cut_and_may_have_cost(endpoint, wire):
    slow = endpoint(lambda body, n: wire.Said({}, delay=1.0))
    async with Door() as door:
        with pytest.raises(ConnectionTrouble, match="within") as caught:
            await door.post(Endpoint(slow.url), Request("/x", {}), 0.1)
    assert caught.value.billable is True

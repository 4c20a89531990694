"""Lanes for all tests of this folder: endpoints behind proxies, made at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fault_lane import Lane

LANES = 3


@pytest.fixture(scope="session")
def lanes():
    with ThreadPoolExecutor(LANES) as pool:
        made = list(pool.map(lambda _: Lane(stack=True), range(LANES)))
    yield made
    for lane in made:
        lane.close()


@pytest.fixture
def lane(lanes):
    return lanes[0]

"""One function over many things: in order, few at a time, and a process that crashes takes one thing with it."""

import os

import crashing
import pytest
from crashing import process, square

from components.cluster import Lost, in_order, ray_session


def test_here_it_is_a_map() -> None:
    assert list(in_order(square, 2, iter([3, 1]), workers=0)) == [(3, 18), (1, 2)]


@pytest.mark.slow
def test_other_processes_work_in_order_and_one_that_crashes_loses_one_thing() -> None:
    asked: list[int] = []

    def things():
        for number in range(20):
            asked.append(number)
            yield number

    with ray_session(cpus=2):
        from ray import cloudpickle

        cloudpickle.register_pickle_by_value(crashing)  # other processes do not find the tests' modules
        results = in_order(square, 3, things(), workers=2)
        assert next(results) == (0, 0)
        assert len(asked) <= 6, "no more is given out than is under way"
        rest = dict(results)
        assert list(rest) == [*range(1, 20)]
        assert isinstance(rest.pop(7), Lost)
        assert all(value == 3 * thing * thing for thing, value in rest.items())
        together = dict(in_order(square, 3, range(20), workers=2, share=lambda _: 0.2))
        assert isinstance(together.pop(7), Lost), "what was given out with it is not lost"
        assert together == {thing: 3 * thing * thing for thing in range(20) if thing != 7}
        with pytest.raises(LookupError, match="negative"):
            list(in_order(square, 3, [1, -1], workers=2))
        told = [told for _, told in in_order(process, None, range(4), workers=2)]
        assert os.getpid() not in {pid for pid, _ in told}
        assert {threads for _, threads in told} == {"1"}

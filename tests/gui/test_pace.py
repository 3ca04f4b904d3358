"""How often the map follows: by what a refresh was seen to cost, on machines of other kinds."""

import pytest

from latentlab.gui.main_window.pace import LEAST_BETWEEN, LOSS, MapPace


class Machine:
    """A training of 1,000 images per second alone, of which a refresh takes `cost` for `seconds`; its own clock."""

    def __init__(self, cost: float, seconds: float, start: float = 50.0) -> None:
        self.cost, self.seconds, self.now = cost, seconds, start
        self.pace = MapPace(lambda: self.now)

    def run(self, duration: float, tick: float = 0.05, every: int = 8) -> tuple[float, float]:
        """Refreshes per second and the share of the speed that is left, over the last two thirds."""
        refreshes, trained, ends = 0, 0.0, None
        images, since, first = 0.0, self.now, self.now
        for number in range(round(duration / tick)):
            if ends is not None and self.now >= ends:
                self.pace.answered(True)
                self.pace.fitted()
                ends = None
            if ends is None and self.pace.due():
                ends = self.now + self.seconds
                refreshes += self.now > first + duration / 3
            done = 1000 * tick * (1 - self.cost * (ends is not None))
            images += done
            trained += done if self.now > first + duration / 3 else 0
            self.now += tick
            if number % every == every - 1:
                self.pace.measured(self.now - since, images / (self.now - since))
                images, since = 0.0, self.now
        counted = duration * 2 / 3
        return refreshes / counted, trained / counted / 1000


@pytest.mark.parametrize(("cost", "seconds"), [(0.5, 0.5), (0.5, 2.0), (0.9, 1.0), (0.2, 0.6)])
def test_training_keeps_its_share_and_the_map_takes_what_is_left(cost: float, seconds: float):
    rate, left = Machine(cost, seconds).run(120)
    assert left > 1 - 1.4 * LOSS
    assert rate == pytest.approx(LOSS / cost / seconds, rel=0.4)


def test_beside_a_gpu_the_map_follows_as_fast_as_it_is_seen():
    rate, left = Machine(0.0, 0.2).run(60)
    assert rate == pytest.approx(1 / (LEAST_BETWEEN + 0.05), rel=0.25)
    assert left == pytest.approx(1, abs=0.01)


def test_one_refresh_at_a_time_and_none_is_waited_for_for_ever():
    machine = Machine(0.5, 1.0)
    pace = machine.pace
    assert pace.due()
    machine.now += 30
    assert not pace.due()
    pace.answered(True)
    assert not pace.due(), "its layout is on its way"
    pace.fitted()
    pace.fitted()  # a layout that nobody asked for
    machine.now += 1000
    assert pace.due()
    pace.answered(False)
    machine.now += 1000
    assert pace.due(), "without a layout to wait for"


def test_a_record_that_makes_no_sense_is_passed_over():
    pace = Machine(0.5, 1.0).pace
    for seconds, speed in ((0.0, 100.0), (-1.0, 100.0), (1.0, float("nan")), (1.0, 0.0)):
        pace.measured(seconds, speed)
    assert pace.cost() == pytest.approx(0.6)

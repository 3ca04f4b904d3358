"""Waypoints: added, moved, put in another order and taken away, while A and B stay the ends of what leads between."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.main_window.waypoints import Waypoints
from latentlab.gui.records import Place
from latentlab.gui.session import Session


class NoMap:
    """Nothing is laid out: waypoints have no place on it."""

    chart = None


@pytest.fixture
def path(explored: Session) -> Waypoints:
    mapping: Mapping = NoMap()  # type: ignore[assignment]
    waypoints = Waypoints(explored, mapping, explored)
    mu = explored.encoding.mu
    explored.set_end("A", Place(mu[3]))
    explored.set_end("B", Place(mu[9]))
    return waypoints


def held(path: Waypoints) -> list[bytes]:
    return [z.tobytes() for z in path.current()]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(10, 60)),
        st.tuples(st.just("drop"), st.integers(-1, 6)),
        st.tuples(st.just("reorder"), st.integers(-1, 6), st.integers(-2, 7)),
        st.tuples(st.just("reverse")),
        st.tuples(st.just("shorten")),
        st.tuples(st.just("set"), st.sampled_from("AB"), st.integers(70, 90)),
    ),
    max_size=14,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_is_done_it_leads_from_a_to_b_through_what_was_added(path: Waypoints, steps):
    session = path._session
    mu = session.encoding.mu
    path.remove()
    session.set_end("A", Place(mu[3]))
    session.set_end("B", Place(mu[9]))
    between: list[bytes] = []
    for what, *how in steps:
        if what == "add":
            path.add(mu[how[0]])
            between.append(mu[how[0]].tobytes())
        elif what == "drop":
            path.drop(how[0])
            if 1 <= how[0] <= len(between):
                del between[how[0] - 1]
        elif what == "shorten":
            path.shorten()
            between = between[:-1]
        elif what == "reorder":
            path.reorder(*how)
            number, to = how[0], min(max(how[1], 1), len(between))
            if 1 <= number <= len(between):
                between.insert(to - 1, between.pop(number - 1))
        elif what == "reverse":
            path.reverse()
            between.reverse()
        else:
            session.set_end(how[0], Place(mu[how[1]]))
        a, b = session.ends
        assert held(path) == [a.z.tobytes(), *between, b.z.tobytes()]
        assert session.walk == ("path" if between else "ends")
        assert (session.route is not None) == bool(between)


def test_without_ends_it_says_what_is_missing(path: Waypoints):
    session = path._session
    said: list[str] = []
    session.told.connect(lambda words, _bad: said.append(words))
    session.set_end("B", None)
    path.add()
    assert session.route is None
    assert "Set A and B first" in said[-1]


def test_a_path_of_its_own_has_no_ends_that_stay(path: Waypoints):
    session = path._session
    mu = session.encoding.mu
    path.take(mu[20:24])
    assert not path.between_ends
    path.reorder(0, 3)
    assert held(path) == [mu[row].tobytes() for row in (21, 22, 23, 20)]
    path.drop(0)
    session.set_end("A", Place(mu[50]))
    assert held(path) == [mu[row].tobytes() for row in (22, 23, 20)]
    path.drop(2)
    path.drop(0)
    assert session.route is None, "a single waypoint is no path"
    assert held(path) == [mu[row].tobytes() for row in (50, 9)]

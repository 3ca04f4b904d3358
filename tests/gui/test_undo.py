"""What can be undone, without a window: a row of states that can be gone along, and what two moments differ in."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.gui.records import Place
from latentlab.gui.states.undo import LIMIT, Moment, UndoStack, bits, mask_of

Z = [Place(np.full(3, value, np.float32)) for value in range(4)]
INDEX = np.arange(50, 60)
WORDS = st.sampled_from(["move", "selection", "zoom"])
STEPS = st.one_of(
    st.tuples(st.just("push"), WORDS), st.tuples(st.sampled_from(["undo", "redo", "amend", "forget"]), st.just(""))
)


def moment(**changes: object) -> Moment:
    plain = Moment(Z[0], (Z[1], Z[2]), None, 4, b"", None, None, ("umap", None), INDEX, 0)
    return replace(plain, **changes)


@given(st.lists(st.tuples(st.integers(), WORDS), min_size=LIMIT, max_size=LIMIT))
def test_a_hundred_steps_lead_back_to_the_first_state_and_on_to_the_last(done: list[tuple[int, str]]):
    stack: UndoStack[object] = UndoStack()
    states = [object() for _ in range(LIMIT + 1)]
    stack.push(states[0], "")
    for state, (_, words) in zip(states[1:], done, strict=True):
        stack.push(state, words)
    for at in reversed(range(LIMIT)):
        assert stack.undoing == done[at][1]
        assert stack.undo() is states[at]
    assert (stack.undo(), stack.undoing) == (None, "")
    for at in range(LIMIT):
        assert stack.redoing == done[at][1]
        assert stack.redo() is states[at + 1]
    assert (stack.redo(), stack.redoing) == (None, "")
    assert stack.now is states[-1]


@settings(max_examples=200)
@given(st.lists(STEPS, max_size=60), st.integers(1, 8))
def test_it_is_two_piles_of_which_the_older_is_cut(steps: list[tuple[str, str]], limit: int):
    """Against the plainest thing that does it: what was before, what is, what was undone."""
    stack: UndoStack[int] = UndoStack(limit)
    before: list[tuple[int, str]] = []
    undone: list[tuple[int, str]] = []
    now: tuple[int, str] | None = None
    for number, (step, words) in enumerate(steps):
        if step == "push":
            stack.push(number, words)
            before = [*before, now][-limit:] if now is not None else []
            now, undone = (number, words), []
        elif step == "amend":
            stack.amend(number)
            now = (number, "" if now is None else now[1])
        elif step == "forget":
            stack.forget()
            before, now, undone = [], None, []
        elif step == "undo":
            found = stack.undo()
            assert (found is None) == (not before)
            if before and now is not None:
                undone, now = [now, *undone], before.pop()
        else:
            found = stack.redo()
            assert (found is None) == (not undone)
            if undone and now is not None:
                before, now = [*before, now], undone.pop(0)
        assert stack.now == (None if now is None else now[0])
        assert stack.undoing == (now[1] if before and now is not None else "")
        assert stack.redoing == (undone[0][1] if undone else "")


@given(st.sets(st.integers(0, 99)), st.integers(100, 107))
def test_rows_are_kept_as_bits(rows: set[int], count: int):
    given_rows = np.array(sorted(rows), np.int64)
    packed = bits(given_rows, count)
    assert np.flatnonzero(mask_of(packed, count)).tolist() == given_rows.tolist()
    assert mask_of(packed, count).shape == (count,)
    assert len(packed) <= count // 8 + 1


def test_what_was_done_is_said_in_words():
    chosen = bits(np.array([1, 2]), 10)
    for changes, words in (
        ({"place": Z[3]}, "move in latent space"),
        ({"place": Z[3], "selected": 5, "condition": 1}, "selection of a sample"),
        ({"selected": None}, "letting go of a sample"),
        ({"ends": (Z[3], Z[2])}, "change of A"),
        ({"ends": (Z[2], Z[1])}, "change of A and B"),
        ({"group": chosen}, "selection of points"),
        ({"visible": chosen, "group": b""}, "hiding of points"),
        ({"condition": 3}, "choice of the class"),
        ({"view": (0.0, 1.0, 50.0)}, "move of the map"),
    ):
        assert moment().differs(moment(**changes)) == words
    assert moment(group=chosen).differs(moment()) == "clearing of the selection"
    assert moment(visible=chosen).differs(moment()) == "showing of points"


def test_what_the_weights_and_the_layout_move_is_nobodys_step():
    on_a_sample = Place(Z[1].z, "sample", (0.0, 0.0), sample=4)
    moved = replace(on_a_sample, z=Z[2].z, position=(1.0, 1.0))
    before = moment(place=on_a_sample, ends=(on_a_sample, None), view=(0.0, 0.0, 9.0))
    assert before.differs(replace(before, place=moved, ends=(moved, None), version=3)) == ""
    assert before.differs(replace(before, place=replace(Z[0], position=(2.0, 2.0)), selected=4)) != ""
    assert before.differs(replace(before, view=(5.0, 5.0, 1.0), kind=("pca", None))) == "", "another map, another view"
    here = moment(place=replace(Z[0], position=(0.0, 0.0)))
    assert here.differs(moment(place=replace(Z[0], position=(2.0, 2.0), usual=3.0))) == "", "the same z"
    assert here.differs(moment()) == "letting go of the place"


def test_samples_are_known_by_their_image_whatever_row_they_are_in():
    place = Place(Z[1].z, sample=4)
    other = replace(moment(place=replace(place, sample=3), selected=3), index=INDEX + 1)
    assert moment(place=place, selected=4).differs(other) == ""

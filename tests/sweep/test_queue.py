"""Points wait in their order, each is taken once, and what was not done waits again when a sweep is gone on with."""

import pytest

from latentlab.sweep.grid import Axis, Plan
from latentlab.sweep.queue import Queue

PLAN = Plan("s", {}, (Axis("beta", ("objective", "beta"), (0.5, 1.0)), Axis("hidden", ("model", "hidden"), ([8], [9]))))
NAMES = ["s-beta0.5-hidden8", "s-beta0.5-hidden9", "s-beta1-hidden8", "s-beta1-hidden9"]
FIGURES = {"rate": 2.0, "distortion": 30.0, "neg_elbo": 32.0}


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal.jsonl"


def taken(queue: Queue) -> list[str]:
    names = []
    while (point := queue.take()) is not None:
        names.append(point.name)
    return names


def test_points_are_taken_once_and_in_order(journal):
    assert taken(Queue(journal, PLAN)) == NAMES


def test_what_is_done_stays_done_and_the_rest_waits_again(journal):
    first = Queue(journal, PLAN)
    for _ in range(3):
        first.take()
    first.done(NAMES[0], FIGURES)
    first.failed(NAMES[1], "why")  # the third is in hand, as where the process is killed
    again = Queue(journal, PLAN)
    assert again.figures() == {NAMES[0]: FIGURES}
    assert sorted(taken(again)) == sorted(NAMES[1:])
    for name in NAMES[1:]:
        again.done(name, FIGURES)
    last = Queue(journal, PLAN)
    assert set(last.figures()) == set(NAMES)
    assert last.take() is None


def test_a_killed_process_leaves_neither_a_torn_line_nor_a_lock_in_the_way(journal):
    Queue(journal, PLAN).take()
    with journal.open("ab") as file:
        file.write(b'{"op_code": 4, "wor')
    journal.with_name("journal.jsonl.lock").touch()
    assert sorted(taken(Queue(journal, PLAN))) == NAMES
    assert len(taken(Queue(journal, PLAN))) == 4


def test_optuna_reads_what_was_measured(journal):
    import optuna
    from optuna.storages.journal import JournalFileBackend

    queue = Queue(journal, PLAN)
    queue.take()
    queue.done(NAMES[0], FIGURES)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(journal)))
    best = optuna.load_study(study_name="s", storage=storage).best_trials[0]
    assert best.values == [2.0, 30.0]
    assert best.params == {"beta": 0.5, "hidden": "8"}

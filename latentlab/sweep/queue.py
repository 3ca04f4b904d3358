"""Which points are done, under way or yet to come: an Optuna study in a journal file in the sweep's folder.

The points are put into the study's queue in their order and taken from it one at a time, by one process. Optuna's
GridSampler is not used for it: where several ask it at once, it may give a point twice, it never tries a point again
that failed, and its order is by chance. Optuna's own tools (optuna-dashboard) read the journal.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.sweep.grid import Plan, Point, label

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import Trial

Figures = dict[str, Any]
OBJECTIVES = ("rate", "distortion")  # both in nats per image, both the lower the better


class Queue:
    """The points of a sweep on Optuna. Whoever makes one holds the sweep's lock."""

    def __init__(self, journal: Path, plan: Plan) -> None:
        self._points = {point.name: point for point in plan.points()}
        self._values = {axis.name: [_plain(value) for value in axis.values] for axis in plan.axes}
        self._taken: dict[str, Trial] = {}
        self._study = _study(journal, plan.name)
        self._fill()

    def take(self) -> Point | None:
        """The next point that waits; None where none does."""
        from optuna.trial import TrialState

        if not self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            return None
        trial = self._study.ask()
        point = self._points[trial.user_attrs["run"]]
        for axis, values in self._values.items():
            trial.suggest_categorical(axis, values)  # what was enqueued, and Optuna's record of what else there is
        self._taken[point.name] = trial
        return point

    def done(self, name: str, figures: Figures) -> None:
        """A point's run is complete and measured."""
        trial = self._taken.pop(name)
        trial.set_user_attr("figures", figures)
        self._study.tell(trial, [figures[objective] for objective in OBJECTIVES])

    def failed(self, name: str, sentence: str) -> None:
        """A point could not be done, or was interrupted; it is tried again when the sweep is gone on with."""
        from optuna.trial import TrialState

        trial = self._taken.pop(name)
        trial.set_user_attr("message", sentence)
        self._study.tell(trial, state=TrialState.FAIL)

    def figures(self) -> dict[str, Figures]:
        """What was measured of each run that is done, by its name."""
        from optuna.trial import TrialState

        complete = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return {trial.user_attrs["run"]: trial.user_attrs["figures"] for trial in complete}

    def _fill(self) -> None:
        """What is not done waits; what a killed process had in hand is marked as failed and waits again."""
        from optuna.trial import TrialState

        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._study.tell(trial.number, state=TrialState.FAIL)
        queued = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        known = {trial.user_attrs["run"] for trial in queued} | set(self.figures())
        for point in self._points.values():
            if point.name not in known:
                self._study.enqueue_trial(_parameters(point), user_attrs={"run": point.name})


def _parameters(point: Point) -> dict[str, Any]:
    return {axis: _plain(value) for axis, value in point.choices.items()}


def _plain(value: Any) -> str | int | float | bool | None:
    """As Optuna can hold it: a list or a schedule in words."""
    return value if isinstance(value, str | int | float | bool | None) else label(value)


def _study(journal: Path, name: str) -> "Study":
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)  # of a killed process: we hold the sweep's lock
    _cut_torn_line(journal)
    backend = JournalFileBackend(str(journal), lock_obj=JournalFileOpenLock(str(journal)))
    return optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name=name,
        directions=["minimize"] * len(OBJECTIVES),
        load_if_exists=True,
    )


def _cut_torn_line(journal: Path) -> None:
    """What a killed process left half-written would swallow the next line."""
    if not journal.exists():
        return
    with journal.open("rb+") as file:
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        file.flush()
        os.fsync(file.fileno())

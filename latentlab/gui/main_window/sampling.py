"""What samples are drawn from: the prior that was trained, or a mixture fitted to the encodings of the open run."""

from pathlib import Path

from PySide6.QtCore import QObject

from latentlab.explore.mixture import Mixture, load_mixture, save_mixture
from latentlab.gui.main_window.library import Library
from latentlab.gui.main_window.opening import Opening
from latentlab.gui.records import Sampling
from latentlab.gui.session import Session
from latentlab.gui.threads.jobs import Jobs, Ticket
from latentlab.images import held_out, limited
from latentlab.runs.folder import RunFolder
from latentlab.runs.lock import RunLocked

JOB = "mixture"


class SamplingFrom(QObject):
    """Answers `choose`. A mixture that is kept with the run is used; else one is fitted, in a thread, and kept."""

    def __init__(
        self, session: Session, library: Library, jobs: Jobs, opening: Opening, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._library, self._jobs, self._opening = session, library, jobs, opening
        jobs.progressed.connect(self._on_progress)
        jobs.failed.connect(self._on_failed)
        session.training_changed.connect(self._on_training)
        session.sampling_changed.connect(self._on_sampling)

    def choose(self, prior: str) -> None:
        """Draws from "trained" or "mixture" from now on."""
        run = self._session.run
        if prior == self._session.sampling.prior or run is None:
            return
        if prior == "trained":
            self._session.set_sampling(Sampling())
            return
        self._session.set_sampling(Sampling("mixture", "looking for its mixture…"))
        path = run.path
        self._jobs.start(JOB, lambda ticket: self._find(path, ticket), self._on_found)

    def _find(self, path: Path, ticket: Ticket) -> Mixture | None:
        """In the job's thread: the mixture of the run's newest weights. Raises ValueError and OSError."""
        from latentlab.explore.loaded import load
        from latentlab.explore.mixture_prior import fit_mixture

        run = RunFolder(path)
        loaded, kept = load(run), load_mixture(path)
        if kept is not None and kept.step == loaded.step:
            return kept
        config = loaded.config
        dataset = self._library.load(config.data, config.training.seed, ticket)
        seen = limited(dataset.train, config.data.limit, config.training.seed)
        train = seen.take(held_out(seen, config.data.val_fraction, config.training.seed)[0])
        found = fit_mixture(loaded.model, train, loaded.step, progress=ticket.progress, cancelled=ticket.cancelled)
        if found is not None and not run.record.read_only:
            _keep(run, found)
        return found

    def _on_found(self, mixture: Mixture | None) -> None:
        if mixture is None or self._session.sampling.prior != "mixture":
            return
        self._session.set_sampling(Sampling("mixture"))
        self._session.logged.emit(
            f"Samples of a mixture of {mixture.components}: "
            f"held-out encodings are {mixture.gain:.1f} nats more likely than by the prior"
        )
        self._opening.draw_from(mixture)

    def _on_sampling(self) -> None:
        """Back to the prior: by choice, or because another run was opened."""
        if self._session.sampling.prior == "trained":
            self._jobs.cancel(JOB)
            self._opening.draw_from(None)

    def _on_training(self) -> None:
        """What a training changes no mixture was fitted to."""
        if self._session.training.active:
            self._session.set_sampling(Sampling())

    def _on_progress(self, job: str, what: str, done: int, total: int) -> None:
        if job == JOB:
            share = f" {done / total:.0%}" if total else ""
            self._session.set_sampling(Sampling("mixture", f"{what}{share}"))

    def _on_failed(self, job: str, _sentence: str) -> None:
        if job == JOB:
            self._session.set_sampling(Sampling())


def _keep(run: RunFolder, mixture: Mixture) -> None:
    """With the run, unless another process is writing there: it can be fitted again."""
    try:
        with run.lock():
            save_mixture(run.path, mixture)
    except RunLocked:
        return

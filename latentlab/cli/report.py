"""How training is told: events as lines of JSON on stdout, or a progress bar on stderr."""

import json
import sys
from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Protocol

from tqdm import tqdm

from latentlab.events import Event, Finished, Measured, Started, Warned
from latentlab.runs.folder import RunFolder, summary


def counted(count: int, thing: str) -> str:
    """'1 epoch', '20 epochs'."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


class Report(AbstractContextManager["Report"], Protocol):
    """Something that is told every event."""

    @abstractmethod
    def __call__(self, event: Event) -> None: ...


class Silence(Report):
    """Nothing: of several processes that train together one tells it all."""

    def __call__(self, event: Event) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


class JsonLines(Report):
    """Every event as one line of JSON, at once."""

    def __call__(self, event: Event) -> None:
        print(json.dumps(event.to_dict()), flush=True)

    def __exit__(self, *_: object) -> None:
        return None


class Progress(Report):
    """A bar over the run's steps with the latest figures, a line per warning, and a line when a checkpoint is kept."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        self._figures: dict[str, str] = {}

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, event: Event) -> None:
        match event:
            case Started():
                self._start(event)
            case Measured():
                self._measure(event)
            case Warned():
                tqdm.write(event.message, file=sys.stderr)
        if self._bar is not None:
            self._bar.update(event.step - self._bar.n)

    def _start(self, event: Started) -> None:
        held_out = f" ({event.validation_images:,} held out)" if event.validation_images else ""
        tqdm.write(
            f"{event.run}: {event.parameters:,} parameters on {event.device}, "
            f"{counted(event.train_images, 'image')}{held_out}, {counted(event.total_epochs, 'epoch')}",
            file=sys.stderr,
        )
        self._bar = tqdm(total=event.total_steps, initial=event.step, unit="step", dynamic_ncols=True, file=sys.stderr)

    def _measure(self, event: Measured) -> None:
        if event.split == "validation":
            self._figures["validation"] = f"{event.neg_elbo:.2f}"
        else:
            self._figures |= {"-elbo": f"{event.neg_elbo:.2f}", "kl": f"{event.kl:.2f}"}
        if self._bar is not None:
            self._bar.set_postfix(self._figures, refresh=False)


def closing_line(run: RunFolder, end: Finished) -> str:
    """What came of it, for stdout: name, epochs, time, the best negative ELBO, and where the run lies."""
    row = summary(run.path)
    best = "" if row.best_neg_elbo is None else f", best negative ELBO {row.best_neg_elbo:.2f} nats per image"
    return f"{run.name}: {counted(row.epochs_done, 'epoch')} in {end.seconds:.1f} s{best}; {run.path}"

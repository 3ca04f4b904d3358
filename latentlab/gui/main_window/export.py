"""Taking pictures away: animations of the strip and of walks along dimensions; sheets and folders of pictures."""

from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from latentlab.export.moving_formats import MOVING, durations, timing
from latentlab.gui.main_window.export_dialog import ExportDialog, Wanted
from latentlab.gui.main_window.export_queue import ExportQueue
from latentlab.gui.main_window.export_sources import OF_THE_RUN, STRIP, Frames, sources, strip_frames, walk_frames
from latentlab.gui.main_window.library import Library
from latentlab.gui.main_window.walking import Walking
from latentlab.gui.records import Strip
from latentlab.gui.session import Session
from latentlab.gui.threads.decoding import Decoder
from latentlab.gui.threads.jobs import Jobs, Ticket
from latentlab.gui.threads.model_thread import FromSnapshot
from latentlab.gui.threads.walks import WalkAsked
from latentlab.runs.folder import RunFolder

ESTIMATE = "export estimate"
TILE = 64  # pixels: about the side of a picture on a sheet of many rows that move together


@dataclass(frozen=True, eq=False)
class _Asked:
    """Frames that are being decoded, and where they go."""

    wanted: Wanted
    path: Path
    frames: Frames


class Exporting(QObject):
    """Asks what, how and where to, decodes by the weights that are shown, and writes; whole files or none."""

    def __init__(
        self,
        session: Session,
        jobs: Jobs,
        walking: Walking,
        decoder: Decoder,
        library: Library,
        queue: ExportQueue,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._jobs, self._walking, self._decoder = session, jobs, walking, decoder
        self._library, self._queue, self._window = library, queue, window
        self._asked: deque[_Asked] = (
            deque()
        )  # the first of them is being decoded: a channel keeps its last request only
        self._dialog: ExportDialog | None = None
        self._shown: int | None = None  # the past epoch
        self._dropped = False  # the decoder was told of a past epoch: what was asked of it before is not answered
        decoder.walked.connect(self._on_walked)
        decoder.opened.connect(self._on_opened)
        decoder.failed.connect(self._on_failed)
        session.history_changed.connect(self._on_history)
        session.run_changed.connect(self._on_run)

    # -- asking

    def ask(self, first: str = STRIP) -> None:
        """The dialog, with this of `sources` chosen first."""
        run, found = self._session.run, sources(self._session)
        if run is None or not found:
            words = "open a run, or train one" if run is None else "the model is being loaded"
            self._session.told.emit(f"There is nothing to export yet: {words}", False)
            return
        overshoot = 0.0 if self._session.strip is None else _overshoot(self._session.strip)
        self._dialog = dialog = ExportDialog(found, first, run.image_shape[1:], overshoot, self._window)
        dialog.changed.connect(self._estimate)
        dialog.chosen.connect(self._ask_file)
        dialog.destroyed.connect(self._forget_dialog)
        self._estimate()
        dialog.open()

    def _forget_dialog(self) -> None:
        self._dialog = None

    def _ask_file(self, wanted: Wanted) -> None:
        run = self._session.run
        if run is None:
            return
        words = MOVING[wanted.suffix].words if wanted.suffix in MOVING else "Sheet" if wanted.suffix else "New folder"
        dialog = QFileDialog(self._window, f"Export: {wanted.source.words}")
        dialog.setObjectName("export_file_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(f"{words} (*{wanted.suffix})")
        dialog.setDefaultSuffix(wanted.suffix[1:])
        dialog.selectFile(f"{run.name}-{wanted.source.key}{wanted.suffix}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda file: self.export(wanted, Path(file)))
        dialog.open()

    # -- doing

    def export(self, wanted: Wanted, path: Path) -> None:
        """Decodes and writes it there, after whatever is being written already."""
        if path.suffix.lower() != wanted.suffix:
            path = path.with_name(path.name + wanted.suffix)
        if wanted.source.key in OF_THE_RUN:
            self._export_run(wanted, path)
            return
        try:
            if wanted.source.key == STRIP:
                frames = strip_frames(self._walking, wanted.count, wanted.overshoot)
            else:
                frames = walk_frames(self._session, wanted.source.key, wanted.count, wanted.overshoot)
        except ValueError as error:
            self._session.told.emit(f"{path.name} is not written: {error}", True)
            return
        self._asked.append(_Asked(wanted, path, frames))
        if len(self._asked) == 1:
            self._decode_next()

    def _decode_next(self) -> None:
        if self._asked:
            frames = self._asked[0].frames
            self._decoder.ask("animation", WalkAsked((frames.z,), frames.classes), self._asked[0])

    def _on_walked(self, channel: str, found: Any, asked: Any) -> None:
        if channel == "animation" and self._asked and asked is self._asked[0]:
            self._asked.popleft()
            self._write(found.pixels[0], asked)
            self._decode_next()

    def _on_history(self) -> None:
        """It also tells of each epoch that is kept, which drops nothing."""
        shown = self._session.history.shown
        self._dropped |= shown != self._shown
        self._shown = shown

    def _on_opened(self, weights: object, _step: int) -> None:
        """Weights from a file drop what was asked before; those that a training publishes do not."""
        if self._dropped or not isinstance(weights, FromSnapshot):
            self._dropped = False
            self._decode_next()

    def _on_failed(self, _sentence: str) -> None:
        """Whatever it was that failed: what is waited for may not come, and what waits behind it should."""
        if self._asked:
            self._session.told.emit(f"{self._asked.popleft().path.name} is not written: it could not be decoded", True)
            self._decode_next()

    def _write(self, pixels: NDArray[np.uint8], asked: _Asked) -> None:
        wanted, path, frames = asked.wanted, asked.path, asked.frames

        def write(ticket: Ticket) -> bool:
            from latentlab.export.frames import save_frames  # with Pillow, that the window can stand without

            def progress(done: int, total: int) -> None:
                ticket.progress(path.name, done, total)

            shown, show = _arranged(pixels, frames, wanted)
            return save_frames(path, shown, frames.columns, show, progress, ticket.cancelled)

        self._queue.add(path, write, self._in_words(wanted, pixels, frames))

    def _export_run(self, wanted: Wanted, path: Path) -> None:
        """Samples and reconstructions, as the command line makes them, of the newest weights in the run's folder."""
        run, sampling, library = self._session.run, self._session.sampling, self._library
        if run is None:
            return
        place = run.path

        def write(ticket: Ticket) -> bool:
            from latentlab.explore.loaded import load
            from latentlab.explore.mixture import load_mixture
            from latentlab.export.exports import WITHOUT_DATA, Options, export

            def progress(done: int, total: int) -> None:
                ticket.progress(path.name, done, total)

            loaded, show = load(RunFolder(place)), wanted.show
            mixture = load_mixture(place) if sampling.prior == "mixture" else None
            options = Options(
                fps=show.fps, scale=show.scale, ping_pong=show.ping_pong, loop=show.loop, count=wanted.count,
                mixture=mixture if mixture is not None and mixture.step == loaded.step else None,
            )  # fmt: skip
            what, config = wanted.source.key, loaded.config
            data = None if what in WITHOUT_DATA else library.load(config.data, config.training.seed, ticket)
            return export(loaded, data, what, path, options, progress, ticket.cancelled)

        self._queue.add(path, write, f"{wanted.count} {wanted.source.key}, of the newest weights in the run's folder")

    def _in_words(self, wanted: Wanted, pixels: NDArray[np.uint8], frames: Frames) -> str:
        """How long it lasts, and how smooth the strip is."""
        count = len(pixels) // frames.rows
        words = f"{len(pixels):,} pictures"
        if wanted.suffix in MOVING:
            words = timing(durations(len(wanted.show.order(count)), wanted.show.fps, MOVING[wanted.suffix].tick_ms))
        if wanted.source.key == STRIP and count > 1:
            smoothness = float(np.mean(np.square(np.diff(pixels.astype(np.float32) / 255, axis=0))))
            words += f"; smoothness {smoothness:.4f}"
        return words

    def _on_run(self) -> None:
        """What another run was asked to decode does not come any more."""
        if self._asked and self._session.picture is None:
            self._asked.clear()
            self._session.told.emit("The export was given up: another run is open", False)

    # -- what it comes to

    def _estimate(self) -> None:
        """Frames, seconds and pixels at once; bytes when a few frames have been written to nowhere."""
        dialog, run = self._dialog, self._session.run
        if dialog is None or run is None:
            return
        wanted, facts = dialog.wanted, self._facts(dialog.wanted)
        dialog.set_facts(f"{facts}\nabout … bytes")
        some = self._session.picture[None] if self._session.picture is not None else None
        if wanted.source.key == STRIP and self._session.strip is not None:
            some = self._session.strip.pixels
        if some is None:
            dialog.set_facts(facts)
            return
        pixels = some

        def told(size: int | None) -> None:
            if self._dialog is dialog and size is not None:
                dialog.set_facts(f"{facts}\nabout {_bytes(size)}")

        self._jobs.start(ESTIMATE, lambda ticket: _estimated(pixels, wanted, ticket), told)

    def _facts(self, wanted: Wanted) -> str:
        run = self._session.run
        assert run is not None, "there is a dialog"
        height, width = (side * wanted.show.scale for side in run.image_shape[1:])
        size = f"{width} × {height} pixels"
        if wanted.suffix in MOVING:
            shown = durations(len(wanted.show.order(wanted.count)), wanted.show.fps, MOVING[wanted.suffix].tick_ms)
            return f"{timing(shown)} · {size}"
        return f"{wanted.count} {wanted.source.counts} of {size}"


def _overshoot(strip: Strip) -> float:
    """How far it goes on beyond either end, as a share of the way between them."""
    return strip.beyond / max(len(strip.pixels) - 2 * strip.beyond - 1, 1)


def _arranged(pixels: NDArray[np.uint8], frames: Frames, wanted: Wanted) -> Any:
    """As they are written, and how they are shown: rows that move together are laid side by side."""
    from latentlab.export.picture_kinds import as_sheets

    if frames.rows == 1 or wanted.suffix not in MOVING:
        return pixels, wanted.show
    scale = min(wanted.show.scale, max(TILE // max(pixels.shape[2:]), 1))
    rows = pixels.reshape(frames.rows, -1, *pixels.shape[1:])
    return as_sheets(rows, scale), replace(wanted.show, scale=1)


def _estimated(pixels: NDArray[np.uint8], wanted: Wanted, ticket: Ticket) -> int | None:
    """In a thread: about how many bytes; None where it is not wanted any more or cannot be."""
    from latentlab.explore.grids import to_rgb
    from latentlab.export.animations import estimated_bytes
    from latentlab.export.pictures import png_bytes

    try:
        if wanted.suffix in MOVING:
            return estimated_bytes(pixels, wanted.count, wanted.suffix, wanted.show)
        some = [len(png_bytes(to_rgb(each, wanted.show.scale))) for each in pixels[:6]]
    except ValueError:
        return None
    return None if ticket.cancelled() else round(float(np.mean(some)) * wanted.count)


def _bytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(round(size / 1e3), 1)} kB"

"""The application: theme, exceptions, the window, and pictures of it."""

import gc
import json
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType, TracebackType

from PySide6.QtCore import QBuffer, QIODevice, QObject, QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.point_cloud import fetch_compiled
from latentlab.runs.files import write_whole
from latentlab.runs.places import default_checkpoints, default_data_dir, demo_run, resources, session_file

log = logging.getLogger(__name__)
SIZE = (1280, 800)
COLLECT_AFTER_MS = 10_000  # torch is imported by then; until then collecting garbage finds none and costs time
PICTURE_AFTER_S, PICTURE_AT_LATEST_S = 1.0, 60.0  # a screenshot waits until everything is shown, but not for ever


def run(
    run: str | None = None,
    checkpoints: Path | None = None,
    theme: str | None = None,
    size: tuple[int, int] | None = None,
    screenshot: Path | None = None,
    data_dir: Path | None = None,
) -> int:
    """Opens the window and returns the exit code. With `screenshot`, draws it into that picture and ends.

    Ctrl-C in the terminal, and being told to end, close it as a person does: a training is kept. The code is then 128
    and the signal's number.

    Raises OSError where the picture cannot be written.
    """
    began = time.perf_counter()
    app = make_application(theme)
    root = checkpoints or default_checkpoints()
    window = MainWindow(root, data_dir or default_data_dir(), warm=screenshot is None)
    _report_timings(window, began)
    window.resize(*(size or SIZE))
    if screenshot is None:
        window.restoring.start(session_file(), run, resized=size is not None)
    elif first := run or demo_run():
        window.open(first)
    hook, signals = _ExceptionDialog(window), _Signals(window)
    window.show()
    QTimer.singleShot(COLLECT_AFTER_MS, window, lambda: gc.enable())
    picture = _Screenshot(window, screenshot) if screenshot is not None else None
    code = app.exec()
    hook.uninstall()
    signals.uninstall()
    if picture is not None and picture.error is not None:
        raise picture.error
    return code if signals.came is None else 128 + signals.came


def make_application(choice: str | None = None) -> QApplication:
    """The QApplication, dressed. choice: 'light', 'dark' or 'system'; by default what the person chose last."""
    app = QApplication.instance() or QApplication([sys.argv[0]])
    assert isinstance(app, QApplication)
    app.setApplicationName("LatentLab")
    app.setOrganizationName("LatentLab")
    app.setApplicationDisplayName("LatentLab")
    app.setDesktopFileName("latentlab")
    icon = resources() / "icons" / "latentlab.svg"
    if icon.is_file():
        app.setWindowIcon(QIcon(str(icon)))
    theme.apply(app, choice or theme.chosen())  # type: ignore[arg-type]
    return app


def _report_timings(window: MainWindow, began: float) -> None:
    """With LATENTLAB_TIMINGS=1: a JSON line on stderr when the window stands and when torch is ready."""
    if os.environ.get("LATENTLAB_TIMINGS") != "1":
        return

    def report(what: str) -> None:
        line = {"what": what, "s": round(time.perf_counter() - began, 4), "torch_loaded": "torch" in sys.modules}
        print(json.dumps(line), file=sys.stderr, flush=True)

    window.first_painted.connect(lambda: report("window"))
    window.torch_ready.connect(lambda: report("torch"))


class _ExceptionDialog(QObject):
    """What nobody caught is logged and said; the window stands."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._before = sys.excepthook
        sys.excepthook = self._hook

    def uninstall(self) -> None:
        sys.excepthook = self._before

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("an error in the window", exc_info=(kind, error, trace))
        if self._window.findChild(QMessageBox, "exception_dialog") is not None:
            return  # what goes wrong in painting does so many times a second
        text = "Something went wrong in the window. Your runs are safe on disk; you can go on."
        box = QMessageBox(QMessageBox.Icon.Warning, "LatentLab", text, QMessageBox.StandardButton.Ok, self._window)
        box.setObjectName("exception_dialog")
        box.setDetailedText(f"{kind.__name__}: {error}")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()


class _Signals(QObject):
    """SIGINT and SIGTERM close the window without a question.

    Python looks for signals only while it runs, which a resting window does not let it: a socket wakes the event loop.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.came: int | None = None
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(lambda: self._ours.recv(64))
        self._woken = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}

    def uninstall(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._woken)
        self._notifier.setEnabled(False)
        self._ours.close()
        self._theirs.close()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.came = number
        QTimer.singleShot(0, self._window, self._window.close_unasked)  # not in the middle of whatever runs now


class _Screenshot(QObject):
    """Waits until the run is shown with its map and a decoded picture, then writes the window's picture and ends."""

    def __init__(self, window: MainWindow, path: Path) -> None:
        super().__init__(window)
        self._window, self._path = window, path
        self._began = time.monotonic()
        self._settled: float | None = None
        self.error: OSError | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(100)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        now = time.monotonic()
        session = self._window.session
        ready = session.picture is not None and session.layout is not None and not session.map_note
        self._settled = (self._settled or now) if ready else None
        late = now - self._began > PICTURE_AT_LATEST_S
        if late or (self._settled is not None and now - self._settled > PICTURE_AFTER_S):
            self._timer.stop()
            self._write()
            self._window.close()

    def _write(self) -> None:
        self._window.views.map.canvas.use_compiled(fetch_compiled())
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self._window.grab().save(buffer, "PNG")
        try:
            write_whole(self._path, bytes(buffer.data().data()))
        except OSError as error:
            self.error = error

"""The bar at the top: start, pause, stop, discard, go on; what is trained, how far it is, and the perspective.

`resolve` turns the session into a frozen `Look`, which is compared with the last one and then drawn.
"""

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from latentlab.gui.records import OpenRun, Phase, TrainingState, epoch_words
from latentlab.gui.session import Session
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.named import SPIN_MARGINS, named

KIND_NAMES = {"vae": "VAE", "beta-vae": "beta-VAE", "cvae": "CVAE"}
TICKS = 1000  # of the progress bar
PAUSE, RESUME, STOP = "❚❚  Pause", "▶  Resume", "■  Stop and keep"


@dataclass(frozen=True)
class Look:
    """What the bar shows; two equal looks need no drawing."""

    title: str
    status: str
    done: float  # 0 to 1
    train: bool
    pause: bool
    stop: bool
    discard: bool
    more: bool
    more_why: str
    pause_text: str = PAUSE
    stop_text: str = STOP
    resumes: bool = False
    busy: bool = False


def duration(seconds: float) -> str:
    """In the two largest units, as one says it: '42 s', '1 min 12 s', '2 h 05 min'."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def title(run: OpenRun | None) -> str:
    """'digits-vae-1 · beta-VAE · z 16'."""
    if run is None:
        return "No run open"
    return f"{run.name} · {KIND_NAMES[run.config.model.kind]} · z {run.latent_dim}"


def status(training: TrainingState, run: OpenRun | None) -> str:
    """How far the training is, how fast, where, and how long it will take; at rest, how far the open run came."""
    if not training.active:
        if run is None:
            return ""
        done = epoch_words(run.epoch, run.config.training.epochs)
        return f"{done} · {run.status}" + (" · read-only" if run.read_only else "")
    if training.phase == "preparing":
        return training.note or "Preparing…"
    parts = [epoch_words(training.epoch, training.total_epochs)]
    if training.phase == "training":
        if training.images_per_second > 0:
            parts.append(f"{training.images_per_second:,.0f} images/s")
        parts.append(training.device)
        if training.remaining_s is not None:
            parts.append(f"{duration(training.remaining_s)} left")
    else:
        parts.append(training.note or WAITING[training.phase])
    return " · ".join(part for part in parts if part)


WAITING: dict[Phase, str] = {"pausing": "Pausing…", "paused": "paused", "stopping": "Stopping…"}


def resolve(session: Session) -> Look:
    """The look that belongs to the session as it is."""
    training, run = session.training, session.run
    phase = training.phase
    under_way = phase in ("training", "pausing", "paused")
    why = _why_no_more(run, training)
    done = training.step / training.total_steps if training.active and training.total_steps else 0.0
    if not training.active and run is not None and run.status != "completed":
        done = run.epoch / run.config.training.epochs
    return Look(
        title=title(run),
        status=status(training, run),
        done=min(done, 1.0),
        train=phase == "idle",
        pause=phase in ("training", "paused"),
        stop=under_way or phase == "preparing",
        discard=under_way,
        more=not why,
        more_why=why,
        pause_text={"pausing": "Pausing…", "paused": RESUME}.get(phase, PAUSE),
        stop_text="Stopping…" if phase == "stopping" else STOP,
        resumes=phase == "paused",
        busy=phase == "preparing",
    )


def _why_no_more(run: OpenRun | None, training: TrainingState) -> str:
    """Why the open run cannot go on now, in a sentence; empty where it can."""
    if training.active:
        return "This run is still training"
    if run is None:
        return "Open a run, or press Train, to have one that can go on"
    if run.read_only:
        return "This run is read-only; press Train to make one of your own"
    return ""


class RunBar(QWidget):
    """The run bar. It only says what was pressed; that it was heard shows at once."""

    train_pressed = Signal()
    pause_pressed = Signal()
    resume_pressed = Signal()
    stop_pressed = Signal()
    discard_pressed = Signal()
    more_pressed = Signal(int)
    perspective_chosen = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run_bar")
        self._session = session
        self._look: Look | None = None
        self._make_buttons()
        self._make_texts()
        self._make_perspectives()
        self._lay_out()
        for signal in (session.training_changed, session.run_changed):
            signal.connect(self._refresh)
        self._refresh()

    # -- parts

    def _make_buttons(self) -> None:
        self._train = self._button("train", "▶  Train", "Start a new run with the settings on the left")
        self._train.setProperty("look", "primary")
        self._pause = self._button("pause", PAUSE, "Wait after this batch; nothing is lost")
        self._stop = self._button("stop", STOP, "End the training and keep the run as it is")
        self._discard = self._button("discard", "Discard", "End the training and delete the run")
        self._more = self._button("more", "+5 epochs", "")
        self._more_count = named(QSpinBox(self), "more_count", "How many epochs to add")
        self._more_count.setRange(1, 10_000)
        self._more_count.setValue(5)
        self._more_count.setFixedWidth(60)
        self._more_count.lineEdit().setTextMargins(*SPIN_MARGINS)
        self._more_count.valueChanged.connect(self._name_more)
        self._train.clicked.connect(self.train_pressed)
        self._pause.clicked.connect(self._on_pause)
        self._stop.clicked.connect(self._on_stop)
        self._discard.clicked.connect(self.discard_pressed)
        self._more.clicked.connect(lambda: self.more_pressed.emit(self._more_count.value()))

    def _button(self, name: str, text: str, tip: str) -> QPushButton:
        return named(QPushButton(text, self), name, text.strip("▶❚■ "), tip)

    def _make_texts(self) -> None:
        self._title = ElidedLabel(parent=self)
        self._title.setObjectName("run_title")
        self._status = named(ElidedLabel(parent=self), "run_status", "Progress of the training")
        self._status.setProperty("role", "figure")
        self._status.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._status.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._progress = named(QProgressBar(self), "run_progress", "Share of the training that is done")
        self._progress.setRange(0, TICKS)
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(4)

    def _make_perspectives(self) -> None:
        self._perspectives = QButtonGroup(self)
        for name, tip in (("train", "Curves and settings in view"), ("explore", "Map and sliders in view")):
            button = self._button(f"perspective_{name}", name.capitalize(), tip)
            button.setCheckable(True)
            button.setProperty("look", "segment")
            button.clicked.connect(lambda _=False, name=name: self.perspective_chosen.emit(name))
            self._perspectives.addButton(button)
        self.set_perspective("explore")

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        for button in (self._train, self._pause, self._stop, self._discard):
            row.addWidget(button)
        row.addSpacing(6)
        row.addWidget(self._more)
        row.addWidget(self._more_count)
        row.addSpacing(6)
        row.addWidget(self._title, 1)
        row.addWidget(self._status)
        row.addSpacing(6)
        for segment in self._perspectives.buttons():
            row.addWidget(segment)
        column = QVBoxLayout(self)
        column.setSpacing(6)
        column.setContentsMargins(8, 8, 8, 8)
        column.addLayout(row)
        column.addWidget(self._progress)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    # -- what it is told

    def set_perspective(self, name: str) -> None:
        """Marks the perspective that is on, without saying that it was chosen."""
        for button in self._perspectives.buttons():
            button.setChecked(button.objectName() == f"perspective_{name}")

    def _refresh(self) -> None:
        look = resolve(self._session)
        if look != self._look:
            self._look = look
            self._draw(look)

    def _draw(self, look: Look) -> None:
        self._title.setText(look.title)
        self._status.setText(look.status)
        self._progress.setValue(round(look.done * TICKS))
        self._pause.setText(look.pause_text)
        self._stop.setText(look.stop_text)
        states = (look.train, look.pause, look.stop, look.discard, look.more)
        for button, enabled in zip(self._buttons(), states, strict=True):
            button.setEnabled(enabled)
        self._more_count.setEnabled(look.more)
        self._name_more()

    def _buttons(self) -> tuple[QAbstractButton, ...]:
        return self._train, self._pause, self._stop, self._discard, self._more

    def _name_more(self) -> None:
        count = self._more_count.value()
        self._more.setText(f"+{count} epoch{'s' if count > 1 else ''}")
        why = self._look.more_why if self._look else ""
        self._more.setToolTip(why or "Go on with the open run for so many epochs")

    # -- what the person does

    def _on_pause(self) -> None:
        if self._look is not None and self._look.resumes:
            self._acknowledge(self._pause, "Resuming…")
            self.resume_pressed.emit()
        else:
            self._acknowledge(self._pause, "Pausing…")
            self.pause_pressed.emit()

    def _on_stop(self) -> None:
        self._acknowledge(self._stop, "Stopping…")
        self.stop_pressed.emit()

    def _acknowledge(self, button: QAbstractButton, text: str) -> None:
        """Says that the press was heard, until the session says how it stands."""
        self._look = None
        button.setText(text)
        button.setEnabled(False)

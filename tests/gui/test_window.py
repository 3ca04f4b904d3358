"""The window in use, by mouse and keyboard alone: open, train, pause, explore, go on, stop, add, take away, reopen."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QLineEdit,
    QListView,
    QSpinBox,
    QWidget,
)

from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.widgets import theme
from latentlab.runs.folder import RunFolder
from latentlab.runs.places import demo_run

LEFT = Qt.MouseButton.LeftButton


class Person:
    """What a person can do at the window: look, press, type, drag."""

    def __init__(self, window: MainWindow, qtbot) -> None:
        self.window, self.session, self.qtbot = window, window.session, qtbot

    def find(self, kind: type, name: str) -> QWidget:
        found = self.window.findChild(kind, name)
        assert found is not None, f"the window has no {name}"
        return found

    def press(self, name: str) -> None:
        button = self.find(QAbstractButton, name)
        assert button.isEnabled(), f"{name} cannot be pressed now"
        self.qtbot.mouseClick(button, LEFT)

    def choose(self, name: str, text: str) -> None:
        combo = self.find(QComboBox, name)
        combo.setFocus()
        at = combo.findText(text)
        assert at >= 0, f"{name} does not offer {text}"
        key = Qt.Key.Key_Down if at > combo.currentIndex() else Qt.Key.Key_Up
        for _ in range(abs(at - combo.currentIndex())):
            self.qtbot.keyClick(combo, key)
        assert combo.currentText() == text

    def number(self, name: str, value: int) -> None:
        spin = self.find(QSpinBox, name)
        spin.setFocus()
        spin.selectAll()
        self.qtbot.keyClicks(spin, str(value))
        self.qtbot.keyClick(spin, Qt.Key.Key_Return)

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        canvas = self.window.views.map.canvas
        canvas.setFocus()
        self.qtbot.keyClick(canvas, key, modifier)

    def wait(self, condition, seconds: float = 40) -> None:
        self.qtbot.waitUntil(condition, timeout=int(seconds * 1000))

    def at(self, row: int) -> QPoint:
        """Where the map shows this row, once the points have come to rest."""
        view = self.window.views.map
        self.qtbot.wait(350)
        x, y = self.session.layout.coords[row]
        return view.canvas.to_pixels(float(x), float(y)).toPoint()

    def click_map(self, point: QPoint) -> None:
        self.qtbot.mouseClick(self.window.views.map.canvas, LEFT, pos=point)

    def drag_map(self, start: QPoint, *steps: QPoint) -> None:
        surface = self.window.views.map.canvas
        self.qtbot.mousePress(surface, LEFT, pos=start)
        for step in steps:
            self.qtbot.mouseMove(surface, step)
        self.qtbot.mouseRelease(surface, LEFT, pos=steps[-1])

    def save_as(self, file: Path) -> None:
        """Types a file's name into the dialog that is open, in its folder."""
        self.wait(lambda: self.window.findChild(QFileDialog, "export_file_dialog") is not None)
        dialog = self.window.findChild(QFileDialog, "export_file_dialog")
        dialog.setDirectory(str(file.parent))
        self.qtbot.wait(400)  # Qt reads the folder in a thread and takes no name before that
        field = dialog.findChild(QLineEdit, "fileNameEdit")
        field.selectAll()
        self.qtbot.keyClicks(field, file.name)
        save = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Save)
        self.qtbot.mouseClick(save, LEFT)
        self.wait(lambda: not dialog.isVisible(), 5)


@pytest.fixture
def person(qtbot, qapp, tmp_path: Path) -> Iterator[Person]:
    make_application("dark")
    window = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    who = Person(window, qtbot)
    window.mapping.choose("pca")  # UMAP compiles for 20 s in its process; tests/gui/test_projection.py waits for it
    who.wait(lambda: window.session.preview is not None)
    yield who
    window.running.stop()
    who.wait(lambda: not window.running.trainer.running)
    assert window.close()
    window.deleteLater()


def ready(person: Person) -> bool:
    session = person.session
    return session.model_ready and session.encoding is not None and session.picture is not None


def train(person: Person, kind: str, epochs: int) -> None:
    person.choose("kind", kind)
    person.choose("network", "Fully connected")
    person.number("epochs", epochs)
    person.press("train")
    person.wait(lambda: person.session.training.phase == "training" or person.session.run is not None)


def finished(person: Person) -> bool:
    return person.session.training.phase == "idle" and not person.window.running.trainer.running


@pytest.mark.parametrize(("kind", "stored"), [("VAE", "vae"), ("beta-VAE", "beta-vae"), ("CVAE", "cvae")])
def test_a_person_trains_each_kind_of_model_and_walks_through_it(person: Person, kind: str, stored: str):
    train(person, kind, 2)
    person.wait(lambda: finished(person) and ready(person))
    run = person.session.run
    record = RunFolder(run.path).record
    assert (record.config.model.kind, record.status) == (stored, "completed")
    assert len(person.session.curves.validation) == 2

    row = 17
    person.click_map(person.at(row))
    person.wait(lambda: person.session.selected is not None and person.session.reconstruction is not None)
    chosen = person.session.selected
    assert np.allclose(person.session.place.z, person.session.encoding.mu[chosen])
    before = person.session.picture.copy()
    person.press("sliders_random")
    person.wait(lambda: not np.array_equal(person.session.picture, before))

    if kind == "CVAE":
        before = person.session.picture.copy()
        label = person.session.condition
        person.choose("condition", run.class_names[(label + 3) % 10])
        person.wait(lambda: not np.array_equal(person.session.picture, before))
        assert person.session.condition == (label + 3) % 10


def test_pause_explore_go_on_stop_add_epochs_and_reopen(person: Person, tmp_path: Path):
    train(person, "VAE", 5000)
    person.wait(lambda: person.session.training.phase == "training" and person.session.training.step > 0)
    person.press("pause")
    person.wait(lambda: person.session.training.phase == "paused" and ready(person))
    step = person.session.training.step

    centre = person.window.views.map.canvas.rect().center()
    person.drag_map(centre, centre + QPoint(20, 10), centre + QPoint(40, 25), centre + QPoint(60, 30))
    assert person.session.place.origin.startswith("exact")
    place = person.session.place.z
    assert person.window.running.trainer.running
    assert person.session.training.step == step, "a paused training does not step"

    person.press("pause")  # the same button goes on
    person.wait(lambda: person.session.training.phase == "training" and person.session.training.step > step)
    person.press("stop")
    person.wait(lambda: finished(person))
    run = person.session.run
    assert RunFolder(run.path).record.status == "stopped"
    assert np.array_equal(person.session.place.z, place), "what was explored is kept"

    epochs = person.session.run.epoch
    person.number("more_count", 5)
    person.press("more")
    person.wait(lambda: person.session.training.phase == "training" or person.session.run.epoch > epochs)
    person.wait(lambda: finished(person))
    assert person.session.run.path == run.path
    assert RunFolder(run.path).record.config.training.epochs == epochs + 5
    assert RunFolder(run.path).record.status == "completed"
    last = person.session.curves.validation[-1]["neg_elbo"]

    person.press("close_run")
    assert person.session.run is None
    runs = person.find(QListView, "runs")
    person.wait(lambda: runs.model().rowCount() >= 1)
    first = runs.visualRect(runs.model().index(0, 0)).center()
    person.qtbot.mouseClick(runs.viewport(), LEFT, pos=first)
    person.wait(lambda: person.session.run is not None and ready(person))
    assert person.session.run.name == run.name
    assert person.session.curves.validation[-1]["neg_elbo"] == last


def test_sliders_strip_and_gif(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # where the dialog begins
    train(person, "VAE", 1)
    person.wait(lambda: finished(person) and ready(person))
    dim = int(person.session.order()[0])
    slider = person.find(QWidget, f"z{dim}")
    before = person.session.place.z.copy()
    slider.setFocus()
    for _ in range(5):
        person.qtbot.keyClick(slider, Qt.Key.Key_Right)
    moved = person.session.place.z
    assert moved[dim] > before[dim]
    assert np.array_equal(np.delete(moved, dim), np.delete(before, dim))

    person.click_map(person.at(3))
    person.wait(lambda: person.session.selected is not None)
    person.key(Qt.Key.Key_A)
    person.click_map(person.at(900))
    person.key(Qt.Key.Key_B)
    a, b = person.session.ends
    assert not np.array_equal(a.z, b.z)
    person.key(Qt.Key.Key_I)
    person.wait(lambda: person.session.strip is not None and np.array_equal(person.session.strip.z[-1], b.z))
    assert np.array_equal(person.session.strip.z[0], a.z)

    file = tmp_path / "walk.gif"
    person.key(Qt.Key.Key_G)
    person.qtbot.keyClick(person.window.findChild(QDialog, "export_dialog"), Qt.Key.Key_Return)
    person.save_as(file)
    person.wait(file.is_file)
    with Image.open(file) as gif:
        assert gif.n_frames > 40
        assert gif.size[0] % 8 == 0
        assert gif.info["loop"] == 0


def test_the_demo_is_shown_before_torch_is_asked_for_and_cannot_be_trained_on(person: Person):
    person.window.open(demo_run())
    person.wait(lambda: person.session.layout is not None)
    assert person.session.curves.validation, "its curves are there"
    person.wait(lambda: ready(person))
    assert person.session.run.read_only
    assert not person.find(QAbstractButton, "more").isEnabled()
    person.key(Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    assert not person.session.training.active


def test_bad_settings_and_missing_data_are_said_and_nothing_is_lost(person: Person, tmp_path: Path):
    said: list[tuple[str, bool]] = []
    person.session.told.connect(lambda sentence, error: said.append((sentence, error)))
    person.choose("source", "CelebA")
    person.press("train")
    person.wait(lambda: bool(said))
    assert said[-1][1]
    assert person.session.training.phase == "idle"
    person.choose("source", "Digits")
    person.window.open("nothing-here")
    person.wait(lambda: "nothing-here" in said[-1][0])
    assert "\n" not in said[-1][0]


def test_letters_do_nothing_while_a_field_has_the_focus(person: Person):
    person.window.open(demo_run())
    person.wait(lambda: ready(person))
    z = person.session.place.z
    spin = person.find(QSpinBox, "latent_dim")
    person.window.activateWindow()
    spin.setFocus()
    person.qtbot.keyClick(spin, Qt.Key.Key_R)
    assert person.session.place.z is z
    person.key(Qt.Key.Key_R)
    person.wait(lambda: person.session.place.z is not z, 5)


def test_hovering_shows_the_card_of_the_very_image(person: Person):
    person.window.open(demo_run())
    person.wait(lambda: ready(person) and person.session.images is not None)
    view = person.window.views.map
    point = person.at(40)
    person.qtbot.mouseMove(view.canvas, point)
    place = view.canvas.to_map(QPointF(point))
    row = view.hover.nearest(place.x(), place.y())
    person.wait(view.card.isVisible, 5)
    index = person.session.encoding.index[row]
    assert f"#{index}" in view.card.title.text()
    assert np.array_equal(view.card.picture.pixels, person.session.images.pixels[row])


def test_a_list_that_is_used_by_mouse_leaves_the_letters_to_the_map(person: Person):
    person.wait(lambda: person.window.views.map.canvas.hasFocus(), 5)
    lists = person.window.findChildren(QComboBox)
    assert len(lists) > 5
    click = Qt.FocusPolicy.ClickFocus.value
    assert not [each.objectName() for each in lists if each.focusPolicy().value & click]


def test_escape_does_not_call_a_gap_usual(person: Person):
    person.window.mapping.choose("umap")  # the demo's is kept with it
    person.window.open(demo_run())
    person.wait(lambda: ready(person) and person.session.layout.kind == "umap")
    coords = person.session.layout.coords
    person.window.exploring.move(float(coords[:, 0].max()) + 3, float(coords[:, 1].max()) + 3, False)
    cue = person.session.place.cue
    assert cue is not None
    assert cue > 95
    person.key(Qt.Key.Key_Escape)
    assert person.session.place.position is None
    assert person.session.place.cue == cue


def test_a_perspective_chosen_by_key_is_marked_on_its_button(person: Person):
    train, explore = (person.find(QAbstractButton, f"perspective_{name}") for name in ("train", "explore"))
    person.key(Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert (train.isChecked(), explore.isChecked()) == (True, False)
    person.key(Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert (train.isChecked(), explore.isChecked()) == (False, True)


def test_the_theme_that_was_chosen_comes_back_with_the_next_start(person: Person):
    person.window.actions_table.actions["light"].trigger()
    make_application()
    assert theme.current() is theme.LIGHT
    person.window.actions_table.actions["dark"].trigger()
    make_application()
    assert theme.current() is theme.DARK


def test_what_training_undoes_is_off_the_curves_and_said(person: Person) -> None:
    said: list[str] = []
    person.session.told.connect(lambda message, _alarming: said.append(message))
    rate = person.find(QDoubleSpinBox, "learning_rate")
    rate.setFocus()
    rate.selectAll()
    person.qtbot.keyClicks(rate, "10")
    person.qtbot.keyClick(rate, Qt.Key.Key_Return)
    train(person, "VAE", 1)
    person.wait(lambda: finished(person) and person.session.run is not None)
    assert sum("goes on with half the learning rate" in message for message in said) == 3
    assert "most likely the learning rate" in said[-1]
    recorded = [record["step"] for record in RunFolder(person.session.run.path).metrics.read()]
    assert [record["step"] for record in person.session.curves.train] == recorded

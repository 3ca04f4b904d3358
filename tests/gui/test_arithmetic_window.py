"""Arithmetic in the real window, by mouse and keyboard: groups, directions, amounts, sums, and what is kept of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QInputDialog, QLineEdit, QMenu, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from latentlab.config import RunConfig
from latentlab.explore.decode import decode
from latentlab.explore.directions import analogy, moved
from latentlab.explore.loaded import Loaded, load
from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.states.arithmetic import AMOUNTS
from latentlab.gui.widgets.captioned_row import CaptionedRow
from latentlab.gui.widgets.latent_slider import LatentSlider
from latentlab.models.build import build
from latentlab.models.weights import model_description, state_bytes
from latentlab.runs.directions import FILE, load_directions, read_directions
from latentlab.runs.files import json_bytes
from latentlab.runs.folder import RunFolder, create_run
from latentlab.runs.groups import of_indices
from latentlab.runs.places import demo_run
from latentlab.runs.record import new_record

LEFT = Qt.MouseButton.LeftButton


class Person:
    """What a person can do at the window."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.session, self.state, self.qtbot = window, window.session, window.session.arithmetic, qtbot
        self.said: list[str] = []
        window.session.told.connect(lambda sentence, _error: self.said.append(sentence))

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
        while combo.currentIndex() != at:
            self.qtbot.keyClick(combo, Qt.Key.Key_Down if at > combo.currentIndex() else Qt.Key.Key_Up)

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        canvas = self.window.views.map.canvas
        canvas.setFocus()
        self.qtbot.keyClick(canvas, key, modifier)

    def wait(self, condition) -> None:
        self.qtbot.waitUntil(condition, timeout=40_000)

    def make(self, start: str, end: str, method: str = "difference of means", name: str = "") -> str:
        """A direction, and its name."""
        before = len(self.state.kept.directions)
        self.press("arithmetic_make")
        self.choose("direction_from", start)
        self.choose("direction_to", end)
        self.choose("direction_method", method)
        self.qtbot.keyClicks(self.find(QLineEdit, "direction_name"), name)
        self.press("direction_make")
        self.wait(lambda: len(self.state.kept.directions) > before)
        return self.state.chosen

    def name(self, name: str) -> None:
        """Types a name into the dialog that is open."""
        dialog = self.find(QInputDialog, "name_dialog")
        field = dialog.findChild(QLineEdit)
        field.selectAll()
        self.qtbot.keyClicks(field, name)
        self.qtbot.keyClick(field, Qt.Key.Key_Return)


def opened(qtbot: QtBot, run: Path, tmp_path: Path) -> MainWindow:
    make_application("dark")
    window = MainWindow(run.parent, tmp_path / "data", warm=False)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    window.mapping.choose("pca")
    window.open(run)
    state = window.session.arithmetic
    qtbot.waitUntil(lambda: window.session.model_ready and window.session.selected is not None, timeout=40_000)
    qtbot.waitUntil(lambda: window.mapping.survey is not None and state.kept is not None, timeout=40_000)
    window.panels.dock("arithmetic").raise_()
    qtbot.waitUntil(lambda: state.page == "apply")
    return window


@pytest.fixture
def person(qtbot: QtBot, qapp, trained_run: RunFolder, tmp_path: Path) -> Iterator[Person]:
    window = opened(qtbot, trained_run.path, tmp_path)
    yield Person(window, qtbot)
    assert window.close()
    window.deleteLater()


@pytest.fixture
def loaded(trained_run: RunFolder) -> Loaded:
    return load(trained_run)


def pictures(loaded: Loaded, z: np.ndarray) -> np.ndarray:
    return decode(loaded.model, np.asarray(z, np.float32))


def test_a_direction_is_made_kept_and_added_by_the_slider(person: Person, loaded: Loaded, trained_run: RunFolder):
    session, state = person.session, person.state
    name = person.make("1", "0")
    assert name == "1 → 0"
    assert state.page == "apply", "what was made is shown at once"
    encoding, labels = session.encoding, session.images.labels
    difference = encoding.mu[labels == 0].mean(axis=0) - encoding.mu[labels == 1].mean(axis=0)
    assert np.allclose(state.direction.vector, difference, atol=1e-5)
    kept = load_directions(trained_run.path, "small", 4, "").direction(name)
    assert np.array_equal(kept.vector, state.direction.vector)
    assert (kept.step, kept.run) == (loaded.step, "small")
    assert 0.8 < kept.accuracy <= 1.0

    z = encoding.mu[session.selected]
    film = pictures(loaded, moved(z, kept.vector, AMOUNTS))
    person.wait(lambda: state.frames is not None and np.array_equal(state.frames.pixels, film))
    slider = person.find(LatentSlider, "direction_amount")
    slider.setFocus()
    for _ in range(10):
        person.qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert state.amount == pytest.approx(1.0)
    person.qtbot.keyClick(slider, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert state.amount == pytest.approx(1.01), "Shift is fine"
    wanted = moved(z, kept.vector, [state.amount])
    person.wait(lambda: state.result is not None and np.allclose(state.result.z, wanted[0], atol=1e-6))
    assert np.array_equal(state.result.pixels, pictures(loaded, state.result.z[None])[0])

    person.window.exploring.choose_sample(7)
    person.wait(lambda: np.array_equal(state.frames.z, moved(encoding.mu[7], kept.vector, AMOUNTS)))


def test_a_result_becomes_the_place_or_an_end(person: Person):
    session, state = person.session, person.state
    person.make("1", "0", "linear classifier")
    film = person.find(CaptionedRow, "direction_film")
    person.wait(lambda: film.pixels is not None)
    person.qtbot.mouseClick(film.widget(), LEFT, pos=film.place_of(film.shown[-1]))
    assert state.amount == 2.0
    vector, z = state.direction.vector, session.encoding.mu[session.selected]
    person.wait(lambda: np.allclose(state.result.z, z + 2 * vector, atol=1e-6))
    person.press("direction_to_a")
    assert np.array_equal(session.ends[0].z, state.result.z)
    person.press("direction_go")
    assert np.array_equal(session.place.z, state.result.z)
    assert session.place.position is not None
    person.choose("direction_base", "place")
    assert state.base == "place"
    person.wait(lambda: np.allclose(state.result.z, z + 4 * vector, atol=1e-5))
    person.press("direction_go")
    assert state.amount == 0.0, "it is there already"


def test_sums_of_samples_places_and_means(person: Person, loaded: Loaded):
    session, state, exploring = person.session, person.state, person.window.exploring
    mu, labels = session.encoding.mu, session.images.labels
    exploring.choose_sample(5)
    person.key(Qt.Key.Key_1, Qt.KeyboardModifier.ShiftModifier)
    assert state.page == "sum"
    assert state.slots["a"].sample == session.encoding.index[5]
    menu = person.find(QMenu, "slot_b_menu")
    menu.aboutToShow.emit()
    classes = next(each.menu() for each in menu.actions() if each.text() == "Mean of a class")
    next(each for each in classes.actions() if each.text() == "3").trigger()
    assert state.slots["b"].words == "mean of 3"
    assert state.sum is None
    exploring.choose_sample(9)
    person.key(Qt.Key.Key_3, Qt.KeyboardModifier.ShiftModifier)
    wanted = analogy(mu[5], mu[labels == 3].mean(axis=0), mu[9])
    person.wait(lambda: state.sum is not None and np.allclose(state.sum.z, wanted, atol=1e-5))
    assert np.array_equal(state.sum.pixels, pictures(loaded, state.sum.z[None])[0])
    nearest = np.argsort(np.linalg.norm(mu - wanted, axis=1))[:4]
    assert list(state.sum.nearest) == list(nearest)
    person.wait(lambda: all(filling.pixels is not None for filling in state.slots.values()))
    person.key(Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    assert np.array_equal(session.ends[1].z, state.sum.z)


def test_groups_come_from_the_selection_and_from_files(person: Person, trained_run: RunFolder, tmp_path: Path):
    session, state = person.session, person.state
    person.window.actions_table.actions["group_selection"].trigger()
    assert "Select points" in person.said[-1]
    rows = np.array([2, 4, 8])
    session.select_group(rows)
    person.window.actions_table.actions["group_selection"].trigger()
    person.name("three of them")
    person.wait(lambda: len(state.kept.groups) == 1)
    index = session.encoding.index
    assert state.kept.groups[0] == of_indices("three of them", index[rows].tolist())
    file = tmp_path / "from a table.csv"
    file.write_text("index,label\n" + "".join(f"{each},x\n" for each in [*index[20:40], 10**6]))
    person.window.directions.read_group(str(file))
    person.wait(lambda: len(state.kept.groups) == 2)
    assert "21 images, 20 of them on the map" in person.said[-1]
    name = person.make("three of them", "from a table")
    assert state.direction.counts == (3, 20)
    kept = load_directions(trained_run.path, "small", 4, "")
    assert [each.name for each in kept.groups] == ["three of them", "from a table"]
    person.window.directions.remove_group("three of them")
    person.wait(lambda: len(state.kept.groups) == 1)
    assert state.kept.direction(name).start.index == tuple(index[rows].tolist()), "it can still be made anew"


def test_it_is_renamed_deleted_exported_and_imported(person: Person, trained_run: RunFolder, tmp_path: Path):
    state, actions = person.state, person.window.actions_table.actions
    person.make("1", "0", name="rounder")
    actions["direction_rename"].trigger()
    person.name("rounder still")
    person.wait(lambda: state.chosen == "rounder still")
    file = tmp_path / "taken along.json"
    person.window.directions.export(str(file))
    person.wait(file.is_file)
    actions["direction_delete"].trigger()
    person.press("direction_delete_really")
    person.wait(lambda: state.kept.directions == ())
    assert read_directions(trained_run.path / FILE).directions == ()
    person.window.directions.import_(str(file))
    person.wait(lambda: state.chosen == "rounder still")
    other = json.loads(file.read_text())
    for direction in other["directions"]:
        direction["vector"] = [0.0] * 5
    file.write_text(json.dumps({**other, "latent_dim": 5, "run": "elsewhere"}))
    person.window.directions.import_(str(file))
    person.wait(lambda: any("elsewhere, with 5 latent dimensions" in each for each in person.said))
    assert len(state.kept.directions) == 1


def test_old_directions_say_so_and_are_made_anew(person: Person, trained_run: RunFolder):
    from dataclasses import replace

    session, state = person.session, person.state
    person.make("1", "0")
    old = state.direction
    person.window.directions.change(lambda kept: kept.put(replace(old, step=1, vector=-old.vector)))
    person.wait(lambda: state.direction.step == 1)
    caption = person.find(QWidget, "direction_caption")
    person.wait(lambda: caption.text().startswith("old: made at step 1,"))
    person.window.actions_table.actions["direction_anew"].trigger()
    person.wait(lambda: state.direction.step == session.encoding.step)
    assert np.allclose(state.direction.vector, old.vector, atol=1e-6)
    assert "old" not in caption.text()
    assert load_directions(trained_run.path, "small", 4, "").direction(old.name).step == old.step


def test_a_damaged_file_is_left_as_it_is(qtbot: QtBot, qapp, trained_run: RunFolder, tmp_path: Path):
    (trained_run.path / FILE).write_text("{")
    make_application("dark")
    window = MainWindow(trained_run.path.parent, tmp_path / "data", warm=False)
    window.show()
    window.open(trained_run.path)
    state = window.session.arithmetic
    qtbot.waitUntil(lambda: "damaged" in state.note, timeout=20_000)
    window.directions.change(lambda kept: kept)
    qtbot.wait(50)
    assert (trained_run.path / FILE).read_text() == "{"
    assert window.close()
    window.deleteLater()


def test_of_the_demo_everything_is_kept_in_memory_and_said(qtbot: QtBot, qapp, tmp_path: Path):
    window = opened(qtbot, demo_run(), tmp_path)
    person = Person(window, qtbot)
    person.make("4", "9")
    assert "read-only" in person.state.note
    assert not (demo_run() / FILE).exists()
    window.close_run()
    assert person.state.kept is None
    assert window.close()
    window.deleteLater()


@pytest.fixture
def conditional(digits, tmp_path: Path) -> RunFolder:
    """A CVAE that was not trained."""
    config = RunConfig.parse({"model": {"kind": "cvae", "network": "mlp", "hidden": [16], "latent_dim": 3}})
    run = create_run(tmp_path / "runs", new_record("conditional", config, digits))
    model = build(config.model, digits.shape, digits.num_classes, seed=1)
    description = json_bytes(model_description(config, digits.shape, digits.class_names))
    run.checkpoints.write(5, {"model.safetensors": state_bytes(model.state_dict()), "config.json": description})
    return run


def test_one_style_is_shown_with_every_label(qtbot: QtBot, qapp, conditional: RunFolder, tmp_path: Path):
    window = opened(qtbot, conditional.path, tmp_path)
    person, loaded = Person(window, qtbot), load(conditional)
    session, state = person.session, person.state
    person.key(Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    z = session.encoding.mu[session.selected]
    wanted = decode(loaded.model, np.repeat(z[None], 10, axis=0), np.arange(10))
    person.wait(lambda: state.styles is not None and np.array_equal(state.styles.pixels, wanted))
    assert state.label == session.condition
    of_b = int(session.images.labels[session.ends[1].sample])
    assert of_b != state.label
    person.choose("labels_of", "B")
    person.find(QComboBox, "labels_of").activated.emit(3)
    assert state.label == of_b
    person.press("labels_go")
    assert session.condition == of_b
    assert np.array_equal(session.place.z, z)
    person.wait(lambda: np.array_equal(session.picture, wanted[of_b]))
    assert window.close()
    window.deleteLater()


def test_of_a_run_that_trains_directions_are_made_from_its_snapshots(person: Person):
    session, state = person.session, person.state
    person.make("1", "0")
    before = state.direction
    person.window.running.more(2)
    person.wait(lambda: session.encoding.step > before.step)
    person.window.actions_table.actions["direction_anew"].trigger()
    person.wait(lambda: state.direction.step > before.step)
    assert not np.array_equal(state.direction.vector, before.vector)
    person.wait(lambda: not session.training.active and not person.window.running.trainer.running)
    person.wait(lambda: session.run.step == session.encoding.step)
    z = session.encoding.mu[session.selected]
    person.wait(lambda: np.allclose(state.frames.z, moved(z, state.direction.vector, AMOUNTS), atol=1e-6))


def test_every_control_has_its_names(person: Person):
    panel = person.window.views.arithmetic
    controls = [*panel.findChildren(QComboBox), *panel.findChildren(QAbstractButton), *panel.header_controls[1:]]
    controls += [panel.findChild(QToolButton, f"slot_{slot}") for slot in "abc"]
    for control in controls:
        assert control.objectName(), control
        assert control.accessibleName(), control.objectName()
        assert control.toolTip(), control.objectName()

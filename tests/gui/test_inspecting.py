"""The inspector in the window: what the model says of a sample or of an image of one's own, asked by mouse and key."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QCheckBox, QComboBox, QPushButton

from latentlab.config import RunConfig
from latentlab.explore.anomaly import anomaly_scores
from latentlab.explore.loaded import Loaded, load
from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow
from latentlab.images import Dataset, Images
from latentlab.runs.folder import create_run
from latentlab.runs.places import demo_run
from latentlab.runs.record import new_record
from latentlab.training.loop import train

LEFT = Qt.MouseButton.LeftButton


def finished(work) -> np.ndarray:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


class Visitor:
    """Somebody at the window with the demo run open."""

    def __init__(self, window: MainWindow, qtbot, loaded: Loaded) -> None:
        self.window, self.session, self.state, self.qtbot = window, window.session, window.session.inspector, qtbot
        self.loaded = loaded
        self.told: list[tuple[str, bool]] = []
        self.session.told.connect(lambda sentence, error: self.told.append((sentence, error)))

    def wait(self, condition, seconds: float = 30) -> None:
        self.qtbot.waitUntil(condition, timeout=int(seconds * 1000))

    def drop(self, data: QMimeData) -> None:
        event = QDropEvent(
            QPointF(500, 300), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier
        )  # fmt: skip
        self.window.dropEvent(event)

    def drop_file(self, path: Path) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        self.drop(data)

    def press(self, kind: type, name: str) -> None:
        self.qtbot.mouseClick(self.window.findChild(kind, name), LEFT)

    def inspected(self) -> bool:
        return self.state.inspection is not None


@pytest.fixture(scope="module")
def demo() -> Loaded:
    return load(demo_run())


@pytest.fixture
def visitor(qtbot, qapp, tmp_path: Path, demo: Loaded) -> Iterator[Visitor]:
    make_application("dark")
    window = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    window.mapping.choose("pca")
    window.open(demo_run())
    who = Visitor(window, qtbot, demo)
    session = window.session
    who.wait(lambda: session.model_ready and session.strip is not None and who.inspected())
    yield who
    assert window.close()
    window.deleteLater()


def page(tmp_path: Path, name: str = "five.png") -> Path:
    """A digit in ink on a coloured sheet, wider than high."""
    sheet = np.full((60, 100, 3), (250, 250, 240), np.uint8)
    sheet[15:45, 45:55] = (20, 20, 60)
    Image.fromarray(sheet).save(tmp_path / name)
    return tmp_path / name


def test_the_selected_sample_is_inspected_and_compared(visitor: Visitor):
    session, state, model = visitor.session, visitor.state, visitor.loaded.model
    visitor.window.exploring.choose_sample(41)
    visitor.wait(visitor.inspected)
    assert state.subject.row == 41
    pixels = session.images.pixels[41]
    assert np.array_equal(state.subject.pixels, pixels)
    assert np.allclose(state.inspection.mu, session.encoding.mu[41], atol=1e-4)
    assert np.array_equal(state.inspection.output, visitor.loaded.decode(state.inspection.mu[None])[0])
    assert state.inspection.step == visitor.loaded.step
    visitor.wait(lambda: state.peers is not None)
    assert len(state.peers.scores) == len(session.encoding)
    work = anomaly_scores(model, Images(session.images.pixels, session.images.index))
    assert np.allclose(state.peers.scores, finished(work), rtol=1e-4)


def test_an_image_file_that_is_dropped_is_encoded_and_can_be_an_end(visitor: Visitor, tmp_path: Path):
    session, state = visitor.session, visitor.state
    visitor.drop_file(page(tmp_path))
    visitor.wait(lambda: state.own is not None and state.own_position is not None)
    subject = state.subject
    assert subject.own
    assert session.selected is None, "it is no row of the map"
    assert subject.pixels.shape == (1, 8, 8)
    assert subject.pixels[0, 4, 4] > 150 > 60 > subject.pixels[0, 0, 0], "light on dark, as the digits are"
    assert subject.inverted
    assert visitor.told[-1] == (
        "five.png: 100×60 colour, its middle kept, scaled to 8×8, made grey, light and dark exchanged", False
    )  # fmt: skip
    mu = visitor.loaded.encode(subject.pixels[None])[0]
    assert np.allclose(state.inspection.mu, mu, atol=1e-4)
    assert np.allclose(session.place.z, mu, atol=1e-4), "the map goes there"
    assert np.allclose(state.own_position, visitor.window.mapping.chart.locate(state.inspection.mu))
    assert visitor.window.views.map.canvas.marks.own == state.own_position
    visitor.window.exploring.choose_sample(3)
    visitor.wait(lambda: visitor.inspected() and state.subject.row == 3)
    assert visitor.window.views.map.canvas.marks.own is not None, "its mark stays"
    visitor.window.actions_table.actions["own_back"].trigger()
    visitor.wait(lambda: visitor.inspected() and state.subject.own)
    visitor.press(QPushButton, "inspector_set_b")
    assert np.allclose(session.ends[1].z, mu, atol=1e-4)
    visitor.wait(lambda: np.allclose(session.strip.z[-1], mu, atol=1e-4))


def test_the_map_goes_to_the_image_even_where_it_is_asked_for_again_meanwhile(visitor: Visitor, tmp_path: Path):
    state, session = visitor.state, visitor.session
    state.subject_changed.connect(session.model_ready_changed.emit)
    visitor.drop_file(page(tmp_path))
    visitor.wait(lambda: state.own is not None and visitor.inspected())
    assert np.array_equal(session.place.z, state.inspection.mu)
    visitor.window.exploring.move_dim(0, 2.0)
    session.model_ready_changed.emit()
    before = state.inspection
    visitor.wait(lambda: state.inspection is not before)
    assert session.place.z[0] == 2.0, "but it is not drawn back there"


def test_the_class_in_force_is_the_one_that_is_looked_at(visitor: Visitor, digits: Dataset, tmp_path: Path):
    values = {
        "model": {"kind": "cvae", "network": "mlp", "hidden": [32], "latent_dim": 3},
        "training": {"epochs": 1, "device": "cpu"},
    }
    config = RunConfig.parse(values)
    run = create_run(tmp_path / "runs", new_record("classes", config, digits))
    with run.lock():
        for _ in train(config, digits, run):
            pass
    session, state, exploring = visitor.session, visitor.state, visitor.window.exploring
    visitor.window.open(run.path)
    visitor.wait(lambda: session.run.name == "classes" and session.model_ready and visitor.inspected())
    exploring.choose_sample(7)
    label = int(session.images.labels[7])
    visitor.wait(lambda: state.label == label and state.subject.row == 7 and visitor.inspected())
    model = load(run.path)
    pixels = session.images.pixels[7][None]
    assert np.allclose(state.inspection.mu, model.encode(pixels, label)[0], atol=1e-4)
    other = (label + 3) % 10
    session.set_condition(other)
    visitor.wait(lambda: state.label == other)
    mu = state.inspection.mu
    assert np.allclose(mu, model.encode(pixels, other)[0], atol=1e-4)
    assert np.array_equal(state.inspection.output, model.decode(mu[None], other)[0])
    fact = visitor.window.panels.dock("inspector").heading.fact.text()
    assert fact.endswith(f"· as {digits.class_names[other]}")


def test_it_is_inverted_by_a_switch_and_removed(visitor: Visitor, tmp_path: Path):
    state = visitor.state
    visitor.drop_file(page(tmp_path))
    visitor.wait(visitor.inspected)
    visitor.wait(lambda: state.subject is not None and state.subject.own and visitor.inspected())
    before, mu = state.subject.pixels, state.inspection.mu
    switch = visitor.window.findChild(QCheckBox, "inspector_invert")
    assert switch.isChecked(), "these data are light on dark, and the file was not"
    switch.click()
    visitor.wait(lambda: visitor.inspected() and not state.subject.inverted)
    assert np.array_equal(state.subject.pixels, 255 - before)
    assert not np.allclose(state.inspection.mu, mu, atol=1e-2)
    assert "exchanged" not in state.subject.note
    visitor.window.actions_table.actions["own_remove"].trigger()
    assert state.subject is None
    assert visitor.window.views.map.canvas.marks.own is None


@pytest.mark.parametrize("kind", ["text", "cut", "none"])
def test_a_bad_file_is_one_sentence(visitor: Visitor, tmp_path: Path, kind: str):
    path = tmp_path / "bad.png"
    if kind == "text":
        path.write_text("no picture at all")
    elif kind == "cut":
        path.write_bytes(page(tmp_path).read_bytes()[:60])
    before = visitor.state.subject
    visitor.drop_file(path)
    visitor.wait(lambda: bool(visitor.told))
    sentence, error = visitor.told[-1]
    assert error
    assert "bad.png" in sentence
    assert "\n" not in sentence
    assert visitor.state.subject is before


def test_a_copied_image_is_pasted(visitor: Visitor):
    state = visitor.state
    picture = QImage(16, 16, QImage.Format.Format_ARGB32)
    picture.fill(Qt.GlobalColor.black)
    for y in range(4, 12):
        picture.setPixelColor(8, y, Qt.GlobalColor.white)
    QGuiApplication.clipboard().setImage(picture)
    visitor.window.actions_table.actions["own_paste"].trigger()
    visitor.wait(lambda: state.own is not None and visitor.inspected())
    assert not state.subject.inverted
    assert state.subject.pixels[0, 4, 4] > 60
    QGuiApplication.clipboard().setText("words")
    visitor.window.actions_table.actions["own_paste"].trigger()
    assert visitor.told[-1][1], "there is no image in it, and that is said"


def test_what_is_around_it_comes_when_it_is_looked_at(visitor: Visitor):
    state = visitor.state
    assert state.surroundings is None, "nothing is computed that nobody looks at"
    visitor.window.views.inspector.turn_to("around")
    visitor.wait(lambda: state.surroundings is not None)
    first = state.surroundings
    assert first.dim == state.inspection.order()[0]
    assert np.array_equal(first.probed, visitor.loaded.decode(first.probes))
    visitor.press(QPushButton, "inspector_draw")
    visitor.wait(lambda: state.surroundings is not first)
    assert not np.array_equal(state.surroundings.draws, first.draws)
    dims = visitor.window.findChild(QComboBox, "inspector_dim")
    dims.setFocus()
    for _ in range(3):
        visitor.qtbot.keyClick(dims, Qt.Key.Key_Down)
    visitor.wait(lambda: state.surroundings.dim == state.inspection.order()[2])
    visitor.window.views.inspector.around.place_chosen.emit(first.draws[2], "draw 3")
    assert np.array_equal(visitor.session.place.z, first.draws[2])


def test_a_masked_half_is_filled_in_and_the_rest_stays(visitor: Visitor):
    state, inspector = visitor.state, visitor.window.views.inspector
    inspector.turn_to("fill")
    masks = visitor.window.findChild(QComboBox, "inspector_mask")
    masks.setFocus()
    for _ in range(5):
        visitor.qtbot.keyClick(masks, Qt.Key.Key_Down)
    assert masks.currentText() == "bottom half"
    steps: list[int] = []
    state.filled_changed.connect(lambda: steps.append(0 if state.filled is None else state.filled.iteration))
    visitor.window.actions_table.actions["fill_in"].trigger()
    assert state.filling
    visitor.wait(lambda: not state.filling and state.filled is not None)
    assert steps == list(range(41)), "each iteration is shown"
    pixels = state.subject.pixels
    assert np.array_equal(state.filled.mean[0, :4], pixels[0, :4])
    assert not np.array_equal(state.filled.mean[0, 4:], pixels[0, 4:])


def test_filling_in_can_be_stopped_and_belongs_to_its_image(visitor: Visitor):
    state, inspector = visitor.state, visitor.window.views.inspector
    inspector.turn_to("fill")
    known = np.zeros((8, 8), bool)
    visitor.window.inspecting.fill(known, 100_000)
    visitor.wait(lambda: state.filled is not None)
    visitor.window.inspecting.stop_filling()
    assert not state.filling
    at = state.filled.iteration
    visitor.window.exploring.move_dim(0, 0.3)
    visitor.wait(lambda: visitor.session.picture is not None)
    assert state.filled.iteration == at
    visitor.window.inspecting.fill(known, 100_000)
    visitor.wait(lambda: state.filled is not None)
    other = (visitor.session.selected + 1) % 100
    visitor.window.exploring.choose_sample(other)
    assert state.filled is None
    visitor.wait(visitor.inspected)
    assert state.filled is None
    assert not state.filling


def test_another_run_forgets_it_all(visitor: Visitor, tmp_path: Path):
    state = visitor.state
    visitor.drop_file(page(tmp_path))
    visitor.wait(lambda: state.own is not None and visitor.inspected())
    visitor.window.close_run()
    assert (state.subject, state.own, state.inspection, state.peers) == (None, None, None, None)
    visitor.drop_file(page(tmp_path))
    assert "Open a run first" in visitor.told[-1][0]

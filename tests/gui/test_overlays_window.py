"""Overlays in the window: what is computed when something changes, and of which weights, place and part of the map."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from latentlab.explore.loaded import load
from latentlab.explore.overlays.gaussians import Ellipses
from latentlab.explore.overlays.holes import SIZE, Holes
from latentlab.explore.overlays.kinds import NAMES
from latentlab.explore.overlays.lattice import Field, Sheet
from latentlab.explore.overlays.manifold import Manifold
from latentlab.explore.overlays.neighbours import Kept
from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.records import Layout
from latentlab.gui.views.map import overlay_layers
from latentlab.runs.places import demo_run

LEFT = Qt.MouseButton.LeftButton


class Person:
    """The demo run on its PCA plane."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.session, self.qtbot = window, window.session, qtbot

    def wait(self, condition, seconds: float = 40) -> None:
        self.qtbot.waitUntil(condition, timeout=int(seconds * 1000))

    def shown(self, name: str) -> object:
        """What the overlay shows once it is whole."""
        self.wait(lambda: self.session.overlay.get(name) is not None)
        self.wait(lambda: getattr(self.session.overlay[name], "complete", True))
        self.wait(lambda: name not in self.window.overlaying._waiting)
        return self.session.overlay[name]

    def turn(self, name: str) -> None:
        self.window.actions_table.actions[f"overlay_{name}"].trigger()


@pytest.fixture
def person(qtbot: QtBot, qapp, tmp_path: Path) -> Iterator[Person]:
    make_application("dark")
    window = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    who = Person(window, qtbot)
    window.mapping.choose("pca")
    window.open(demo_run())
    who.wait(lambda: window.mapping.survey is not None and window.session.picture is not None)
    yield who
    assert window.close()
    window.deleteLater()


def test_each_overlay_is_computed_when_its_switch_is_turned_and_goes_with_it(person: Person):
    kinds = {
        "prior": Ellipses, "holes": Holes, "posteriors": Ellipses, "neighbours": Kept, "sensitivity": Field,
        "manifold": Sheet,
    }  # fmt: skip
    assert tuple(kinds) == NAMES
    for name, kind in kinds.items():
        person.turn(name)
        assert isinstance(person.shown(name), kind)
        assert person.window.actions_table.actions[f"overlay_{name}"].isChecked()
        assert person.window.views.map.overlays.switch(name).isChecked()
    for name in NAMES:
        person.window.views.map.overlays.switch(name).click()
        assert person.session.overlay[name] is None
        assert not person.window.actions_table.actions[f"overlay_{name}"].isChecked()


def test_they_follow_the_selection(person: Person):
    for name in ("posteriors", "neighbours"):
        person.turn(name)
    person.window.exploring.choose_sample(77)
    person.wait(lambda: getattr(person.session.overlay.get("neighbours"), "row", None) == 77)
    assert person.session.overlay["posteriors"].rows.tolist() == [77]
    person.session.select_group(np.array([3, 5]))
    assert person.session.overlay["posteriors"].rows.tolist() == [3, 5, 77]
    person.session.select(None)
    person.session.select_group(np.empty(0, np.int64))
    assert person.session.overlay["posteriors"] is None
    assert person.session.overlay["neighbours"] is None


def test_another_layout_takes_away_what_means_nothing_on_it_and_brings_the_rest_anew(person: Person):
    for name in ("prior", "sensitivity", "manifold"):
        person.turn(name)
        person.shown(name)
    on_pca = person.session.overlay["prior"]
    person.window.mapping.choose("axes")
    assert person.session.layout.kind == "axes"
    assert person.session.overlay["manifold"] is None, "what is of another plane is gone at once"
    assert np.allclose(person.shown("prior").centres, 0.0), "two latent dimensions have their origin at 0"
    assert not np.allclose(on_pca.centres, 0.0)
    person.shown("manifold")
    encoding = person.session.encoding
    person.session.set_layout(Layout("umap", encoding.mu[:, :2]))
    person.window.mapping.chart = None
    person.session.layout_changed.emit()
    assert person.session.overlay["prior"] is None
    assert person.session.overlay["manifold"] is None
    assert not person.window.actions_table.actions["overlay_prior"].isEnabled()
    assert isinstance(person.shown("sensitivity"), Field), "at the samples, where there are no axes"


def test_a_sheet_holds_what_is_decoded_there_also_after_the_view_and_the_place_have_changed(person: Person):
    person.turn("manifold")
    model = load(demo_run())

    def agrees(found: Sheet) -> bool:
        rows, columns = found.known.shape
        chart, held, off = person.window.mapping.chart, person.session.place.z, []
        for row, column in ((0, 0), (rows // 2, columns // 2), (rows - 1, columns - 1)):
            x = found.extent.left + (column + 0.5) * found.extent.width / columns
            y = found.extent.bottom + (row + 0.5) * found.extent.height / rows
            wanted = model.decode(chart.read((x, y), held).z[None])[0]
            off.append(np.abs(found.picture(row, column).astype(int) - wanted).max())
        return max(off) <= 1

    first = person.shown("manifold")
    assert agrees(first)
    dim = int(person.session.order()[3])  # has its share off the plane, too
    person.window.exploring.move_dim(dim, 2.5)
    person.wait(lambda: person.session.overlay["manifold"] is not first)
    second = person.shown("manifold")
    assert agrees(second)
    assert not np.array_equal(second.image, first.image)
    canvas = person.window.views.map.canvas
    canvas._scale *= 3
    canvas._moved()
    person.wait(lambda: person.session.overlay["manifold"].extent != second.extent)
    zoomed = person.shown("manifold")
    assert zoomed.extent.width < second.extent.width / 2
    assert agrees(zoomed)


def test_a_drag_on_the_map_asks_for_nothing_anew(person: Person):
    for name in ("sensitivity", "manifold"):
        person.turn(name)
        person.shown(name)
    before = {name: person.session.overlay[name] for name in ("sensitivity", "manifold")}
    canvas = person.window.views.map.canvas
    centre, place = canvas.rect().center() + QPoint(40, 60), person.session.place
    person.qtbot.mousePress(canvas, LEFT, pos=centre)
    for step in range(1, 12):
        person.qtbot.mouseMove(canvas, centre + QPoint(6 * step, 3 * step))
    person.qtbot.mouseRelease(canvas, LEFT, pos=centre + QPoint(66, 33))
    assert person.session.place is not place, "the place has moved"
    assert not person.window.overlaying._waiting
    assert all(person.session.overlay[name] is shows for name, shows in before.items())


def test_holes_of_the_demo_are_of_all_images_and_of_a_conditional_model_of_the_class_in_hand(person: Person):
    person.turn("holes")
    everything = person.shown("holes")
    assert everything.of_class is None
    assert 0.02 < everything.share < 0.6
    labels = person.session.images.labels
    person.session.set_condition(4)
    person.wait(lambda: person.session.overlay["holes"].of_class == 4)
    one = person.session.overlay["holes"]
    assert one.share > everything.share, "one class fills less of the prior than all of them"
    assert (labels == 4).sum() < len(labels)


def test_a_class_without_images_is_said_to_have_none_and_is_not_waited_for(person: Person):
    person.turn("holes")
    person.shown("holes")
    labels = person.session.images.labels
    person.session.set_images(replace(person.session.images, labels=np.where(labels == 4, 5, labels)))
    person.session.set_condition(4)
    legend = person.window.views.map.overlays.legend
    assert [words for words, _ in legend.lines()] == ["Prior without data: the map has no images of this class"]
    assert not person.window.jobs.running("overlay holes")
    person.session.set_condition(5)
    person.wait(lambda: getattr(person.session.overlay["holes"], "of_class", None) == 5)
    person.session.set_condition(4)
    assert "no images" in legend.lines()[0][0], "nor is what was there before"


def test_what_failed_is_computed_when_it_is_asked_for_again(person: Person, monkeypatch: pytest.MonkeyPatch):
    told: list[str] = []
    person.session.told.connect(lambda sentence, _error: told.append(sentence))
    work = Manifold.sheets

    def broken(*_: object) -> Iterator[Sheet]:
        raise ValueError("there is not enough memory")

    monkeypatch.setattr(Manifold, "sheets", broken)
    person.turn("manifold")
    person.wait(lambda: bool(told))
    assert set(told) == {"there is not enough memory"}  # once for each time that the view came to rest
    person.wait(lambda: not person.window.overlaying._waiting)  # a training's next weights would wait for it
    monkeypatch.setattr(Manifold, "sheets", work)
    person.window.exploring.move_dim(int(person.session.order()[3]), 2.5)
    person.window.views.map.canvas._moved()
    assert isinstance(person.shown("manifold"), Sheet)


def test_closing_the_run_takes_everything_away(person: Person):
    for name in NAMES:
        person.turn(name)
    person.shown("manifold")
    person.window.close_run()
    assert not any(shows is not None for shows in person.session.overlay.values())
    assert not person.window.views.map.overlays.legend.isVisible()
    assert not any(person.window.views.map.overlays.switch(name).isEnabled() for name in NAMES)
    person.window.open(demo_run())
    person.wait(lambda: person.window.mapping.survey is not None)
    person.shown("prior")
    person.shown("manifold")


def test_a_theme_change_dresses_the_heat(person: Person):
    person.turn("sensitivity")
    person.shown("sensitivity")
    assert overlay_layers.heat_colour() == "#FFB454"
    person.window.actions_table.actions["light"].trigger()
    assert person.window.views.map.overlays.legend.lines()[0][1] == overlay_layers.heat_colour() != "#FFB454"
    person.window.actions_table.actions["dark"].trigger()


def test_they_follow_a_training_to_its_last_weights(person: Person):
    person.window.mapping.choose("axes")  # which stay the same plane whatever the weights
    for name in ("manifold", "holes", "prior"):
        person.turn(name)
    person.window.edit(
        {
            "model": {"network": "mlp", "hidden": [32], "latent_dim": 2},
            "training": {"epochs": 30, "batch_size": 64, "learning_rate": 3e-3},
        }
    )
    person.window.running.train()
    person.wait(lambda: person.session.run is not None and not person.session.run.read_only)
    person.wait(lambda: person.session.overlay.get("manifold") is not None)
    person.wait(lambda: person.session.training.phase == "idle" and not person.window.running.trainer.running)
    model = load(person.session.run.path)
    person.wait(lambda: person.session.run.step == person.session.encoding.step == model.step)

    def of_the_last() -> bool:
        found = person.session.overlay["manifold"]
        if found is None or not found.complete or person.window.overlaying._waiting:
            return False
        rows, columns = found.known.shape
        places = [
            (
                found.extent.left + (column + 0.5) * found.extent.width / columns,
                found.extent.bottom + (row + 0.5) * found.extent.height / rows,
            )
            for row, column in ((0, 0), (rows - 1, columns // 2))
        ]
        chart, held = person.window.mapping.chart, np.zeros(2)
        wanted = model.decode(np.stack([chart.read(place, held).z for place in places]))
        seen = np.stack([found.picture(0, 0), found.picture(rows - 1, columns // 2)])
        return bool(np.abs(seen.astype(int) - wanted).max() <= 1)

    person.wait(of_the_last)
    person.wait(lambda: max(person.session.overlay["holes"].excess.shape) == SIZE)  # finely again

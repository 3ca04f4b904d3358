"""Taking away from the real window: files are whole or not there, one export waits for the other, copies are exact."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QLabel,
    QMenu,
    QProgressDialog,
    QPushButton,
    QSpinBox,
)

from latentlab.export import animations
from latentlab.export.moving_formats import Show
from latentlab.gui.app import make_application
from latentlab.gui.main_window import export_dialog
from latentlab.gui.main_window.export_dialog import Wanted
from latentlab.gui.main_window.export_sources import sources
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.threads.model_thread import FromRun
from latentlab.gui.widgets.card import Heading
from latentlab.runs.folder import RunFolder
from latentlab.runs.places import demo_run


class Desk:
    """The window with the demo run open on its PCA map, and what it has said."""

    def __init__(self, window: MainWindow, qtbot, folder: Path) -> None:
        self.window, self.session, self.qtbot, self.folder = window, window.session, qtbot, folder
        self.said: list[tuple[str, bool]] = []
        window.session.told.connect(lambda *what: self.said.append(what))

    def wait(self, condition) -> None:
        self.qtbot.waitUntil(condition, timeout=40_000)

    def source(self, key: str):
        return next(each for each in sources(self.session) if each.key == key)

    def export(self, key: str, file: str, count: int = 6, show: Show | None = None, overshoot: float = 0.0) -> Path:
        path = self.folder / file
        wanted = Wanted(self.source(key), path.suffix, count, show or Show(20, 2), overshoot)
        self.window.exporting.export(wanted, path)
        return path

    def written(self, path: Path) -> Path:
        self.wait(lambda: any(words.startswith(f"{path.name} is written") for words, _ in self.said))
        return path


@pytest.fixture
def desk(qtbot, qapp, tmp_path: Path) -> Iterator[Desk]:
    make_application("dark")
    QSettings().remove("export")
    window = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    window.mapping.choose("pca")
    window.open(demo_run())
    (tmp_path / "out").mkdir()
    who = Desk(window, qtbot, tmp_path / "out")
    who.wait(lambda: window.session.model_ready and window.session.strip is not None)
    who.wait(lambda: window.session.picture is not None and window.session.encoding is not None)
    yield who
    assert window.close()
    window.deleteLater()
    QSettings().remove("export")


def test_exports_that_are_asked_for_at_once_all_come(desk: Desk):
    files = [
        desk.export("strip", "a.gif", 5, Show(10, 4, ping_pong=True)),
        desk.export("z3", "b.webp", 4),
        desk.export("traversal", "c.apng", 3),
        desk.export("z3", "d.png", 7),
        desk.export("strip", "e", 4, overshoot=0.5),
        desk.export("samples", "f", 12),
        desk.export("reconstructions", "g.png", 5),
    ]
    for file in files:
        desk.written(file)
    assert sorted(path.name for path in desk.folder.iterdir()) == [file.name for file in files]
    with Image.open(files[0]) as gif:
        assert (gif.size, gif.n_frames, gif.info["loop"]) == ((32, 32), 8, 0)  # type: ignore[attr-defined]
        assert np.array_equal(np.asarray(gif.convert("L"))[::4, ::4], desk.session.strip.pixels[0, 0]), "it begins at A"
    with Image.open(files[1]) as film:
        assert film.n_frames == 4  # type: ignore[attr-defined]
    with Image.open(files[2]) as film:
        assert film.size == (4 * 18 + 2, 3 * 18 + 2), "ten dimensions on it"
    with Image.open(files[3]) as sheet:
        assert sheet.size == (7 * 18 + 2, 18 + 2)
    assert len(list(files[4].iterdir())) == 4
    assert len(list(files[5].iterdir())) == 12
    assert not any(error for _, error in desk.said)


def test_what_other_weights_dropped_is_decoded_by_them(desk: Desk, trained_run: RunFolder):
    decoder, session = desk.window.decoder, desk.session
    again = FromRun(demo_run())
    path = desk.export("strip", "a.gif", 40)
    decoder.use(again, anew=True)  # as going back to another epoch does
    desk.written(path)
    desk.export("strip", "b.gif", 40)
    desk.window.open(trained_run.path)
    desk.wait(lambda: session.run is not None and session.run.name == "small" and session.strip is not None)
    assert any("given up" in words for words, _ in desk.said) or (desk.folder / "b.gif").exists()
    path = desk.export("strip", "c.gif", 40)
    decoder.failed.emit("no memory")
    assert "c.gif is not written" in desk.said[-1][0] or "c.gif is not written" in desk.said[-2][0]
    desk.written(desk.export("strip", "d.gif", 4))


def test_one_that_is_cancelled_leaves_nothing_and_the_next_comes(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    begun, go_on = threading.Event(), threading.Event()
    durations = animations.durations

    def slowly(*given):
        begun.set()
        go_on.wait(10)
        return durations(*given)

    monkeypatch.setattr(animations, "durations", slowly)
    desk.export("strip", "a.gif")
    second = desk.export("strip", "b.gif")
    desk.wait(begun.is_set)
    desk.wait(lambda: "1 more waiting" in desk.window.findChild(QProgressDialog, "export_progress").labelText())
    desk.window.findChild(QProgressDialog, "export_progress").findChild(QPushButton).click()
    go_on.set()
    desk.written(second)
    assert any(words == "a.gif: the export was cancelled, and nothing is written" for words, _ in desk.said)
    assert [path.name for path in desk.folder.iterdir()] == ["b.gif"]
    assert not desk.window.exports.busy
    desk.wait(lambda: desk.window.findChild(QProgressDialog, "export_progress") is None)


def test_a_full_disk_is_said_in_a_sentence_and_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    sync, full = os.fsync, [True]

    def fsync(descriptor: int) -> None:
        if full and str(desk.folder) in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    desk.export("strip", "a.gif")
    desk.wait(lambda: bool(desk.said) and desk.said[-1][1])
    assert desk.said[-1][0] == "a.gif could not be written: no space left on device; nothing is left of it"
    desk.window.taking.export_curves(desk.folder / "c.csv")
    desk.wait(lambda: "c.csv could not" in desk.said[-1][0])
    assert not list(desk.folder.iterdir())
    full.clear()
    desk.written(desk.export("strip", "b.gif"))


def test_the_dialog_says_what_it_comes_to_and_remembers(desk: Desk):
    window, qtbot = desk.window, desk.qtbot
    window.views.map.canvas.setFocus()
    qtbot.keyClick(window.views.map.canvas, Qt.Key.Key_G)
    dialog = window.findChild(QDialog, "export_dialog")
    facts = dialog.findChild(QLabel, "export_facts")
    assert dialog.findChild(QComboBox, "export_what").currentText() == "Strip from A to B"
    assert "94 frames in 3.92 s" in facts.text(), "there and back by default"
    assert "256 × 256 pixels" in facts.text()
    desk.wait(lambda: "kB" in facts.text())
    dialog.findChild(QComboBox, "export_format").setCurrentText("WebP")
    dialog.findChild(QSpinBox, "export_scale").setValue(4)
    dialog.findChild(QSpinBox, "export_frames").setValue(10)
    dialog.findChild(QCheckBox, "export_ping_pong").setChecked(False)
    assert "10 frames in 0.42 s" in facts.text()
    assert "32 × 32" in facts.text()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    desk.wait(lambda: window.findChild(QFileDialog, "export_file_dialog") is not None)
    asked = window.findChild(QFileDialog, "export_file_dialog")
    assert asked.defaultSuffix() == "webp"
    asked.fileSelected.emit(str(desk.folder / "a.webp"))
    asked.reject()
    with Image.open(desk.written(desk.folder / "a.webp")) as film:
        assert (film.size, film.n_frames) == ((32, 32), 10)  # type: ignore[attr-defined]
    window.exporting.ask("z3")
    desk.wait(lambda: len(window.findChildren(QDialog, "export_dialog")) == 1)
    again = window.findChild(QDialog, "export_dialog")
    assert again.wanted.suffix == ".webp"
    assert again.wanted.show == Show(24, 4)
    assert again.wanted.source.key == "z3"
    again.findChild(QComboBox, "export_format").setCurrentText("PNG")
    assert again.wanted.show.scale == 8, "pictures on a sheet have a size of their own"
    assert not again.findChild(QCheckBox, "export_ping_pong").isVisible()
    again.reject()


def test_without_pyav_the_dialog_says_how_to_have_it(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(export_dialog, "video_is_there", lambda: False)
    desk.window.exporting.ask()
    dialog = desk.window.findChild(QDialog, "export_dialog")
    dialog.findChild(QComboBox, "export_format").setCurrentText("MP4")
    assert any("pip install" in label.text() and label.isVisible() for label in dialog.findChildren(QLabel))
    assert not dialog.findChild(QPushButton, "export_go").isEnabled()
    dialog.reject()


def test_any_panel_becomes_a_picture_as_fine_as_asked(desk: Desk):
    pictures, view = desk.window.pictures, desk.window.views.map
    menu = desk.window.findChild(QMenu, "menu_explore_picture_of")
    menu.aboutToShow.emit()
    names = [entry.objectName() for entry in menu.actions()]
    assert {"picture_of_window", "picture_of_map", "picture_of_curves", "picture_of_strip"} <= set(names)
    sizes = {}
    for scale in (1, 2, 4):
        path = desk.folder / f"map-{scale}.png"
        pictures.export("map", path, scale)
        with Image.open(desk.written(path)) as picture:
            sizes[scale] = np.asarray(picture.convert("RGB"))
            assert picture.size == (view.width() * scale, view.height() * scale)
    blocks = sizes[2].reshape(view.height(), 2, view.width(), 2, 3)
    varied = (blocks.max(axis=(1, 3)) != blocks.min(axis=(1, 3))).any(axis=-1)
    corner = view.canvas.mapTo(view, QPoint(0, 0))
    places = [view.canvas.to_pixels(float(x), float(y)).toPoint() + corner for x, y in desk.session.layout.coords]
    fine = [varied[p.y() - 3 : p.y() + 4, p.x() - 3 : p.x() + 4].any() for p in places]
    assert np.mean(fine) > 0.9, "points are drawn finer, not only larger"
    assert view.tool_bar.isVisible()
    view.grab().save(str(desk.folder / "with.png"))
    with Image.open(desk.folder / "with.png") as picture:
        with_tools = np.asarray(picture.convert("RGB"))
    bar = view.tool_bar.geometry()
    there = np.s_[bar.top() : bar.bottom(), bar.left() : bar.right()]
    assert len(np.unique(with_tools[there].reshape(-1, 3), axis=0)) > len(
        np.unique(sizes[1][there].reshape(-1, 3), axis=0)
    ), "the tools are not on it"
    desk.wait(lambda: desk.window.panels.dock("curves").view.objectName() == "curves_view")
    pictures.export("curves", desk.folder / "c.svg")
    text = desk.written(desk.folder / "c.svg").read_text()
    assert text.startswith("<svg")
    assert text.count("<polyline") >= 3
    assert "reconstruction" in text
    pictures.export("map", desk.folder / "m.svg")
    assert desk.written(desk.folder / "m.svg.png").read_bytes().startswith(b"\x89PNG")


def test_a_panel_is_asked_for_on_its_heading(desk: Desk):
    for heading in (
        desk.window.panels.dock("strip").findChild(Heading),
        desk.window.centralWidget().findChild(Heading),
    ):
        assert heading.contextMenuPolicy() == Qt.ContextMenuPolicy.CustomContextMenu
    menu = desk.window.pictures.heading_menu("strip")
    words = [entry.text() for entry in menu.actions()]
    assert words[:2] == ["Export its picture…", "Copy its picture"]
    assert "Inspector" in words, "and the list of panels, as before"
    menu.actions()[0].trigger()
    menu.deleteLater()
    dialog = desk.window.findChild(QFileDialog, "panel_dialog")
    assert dialog.windowTitle() == "Export a picture of: Strip"
    dialog.reject()


def test_what_is_copied_is_what_is_shown(desk: Desk):
    window, session = desk.window, desk.session
    clipboard = QGuiApplication.clipboard()

    def copied() -> np.ndarray:
        held = clipboard.image().convertToFormat(QImage.Format.Format_RGB888)
        lines = np.frombuffer(held.constBits(), np.uint8).reshape(held.height(), held.bytesPerLine())
        return lines[:, : 3 * held.width()].reshape(held.height(), held.width(), 3)

    window.actions_table.actions["copy_picture"].trigger()
    assert copied().shape == (256, 256, 3)
    assert np.array_equal(copied()[::32, ::32, 0], session.picture[0])
    window.actions_table.actions["copy_strip"].trigger()
    frames = len(session.strip.pixels)
    assert copied().shape[1] == frames * (128 + 2) + 2
    assert np.array_equal(copied()[2:130:16, 2:130:16, 0], session.strip.pixels[0, 0])
    window.views.map.canvas.setFocus()
    window.actions_table.actions["copy_panel"].trigger()
    assert copied().shape[:2] == (window.views.map.height() * 2, window.views.map.width() * 2)
    assert "Map" in desk.said[-1][0]
    window.panels.dock("latent").findChild(QPushButton).setFocus()
    window.actions_table.actions["copy_panel"].trigger()
    assert "Latent" in desk.said[-1][0]
    session.open(None)
    window.actions_table.actions["copy_picture"].trigger()
    assert "no picture yet" in desk.said[-1][0]


def test_all_latents_come_with_their_places_and_the_curves_with_every_record(desk: Desk):
    session, taking = desk.session, desk.window.taking
    taking.export_latents(desk.folder / "z.npy")
    taking.export_curves(desk.folder / "c.csv")
    desk.written(desk.folder / "z.npy")
    held = np.load(desk.folder / "z.npy")
    assert len(held) == 1797
    rows = {int(index): row for row, index in enumerate(held["index"])}
    on_map = [rows[int(index)] for index in session.encoding.index]
    assert np.allclose(held["mu"][on_map], session.encoding.mu, atol=1e-4)
    assert np.array_equal(held["coords"][on_map], session.layout.coords)
    assert np.isfinite(held["log_var"]).all()
    lines = desk.written(desk.folder / "c.csv").read_text().splitlines()
    assert len(lines) == 1 + len(session.curves.train) + len(session.curves.validation)
    for ask, name in ((taking.ask_latents, "latents_dialog"), (taking.ask_curves, "curves_dialog")):
        ask()
        dialog = desk.window.findChild(QFileDialog, name)
        assert dialog.defaultSuffix() == "csv"
        dialog.reject()

"""The session that comes back: what was open, of each part; what cannot come back; and who is not bothered by it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentlab.explore.projection_settings import ProjectionSettings
from latentlab.gui.app import make_application
from latentlab.gui.main_window.kept_session import KeptPlace, KeptSession
from latentlab.gui.main_window.window import MainWindow
from latentlab.runs.folder import RunFolder
from latentlab.runs.places import demo_run

Open = Callable[..., MainWindow]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "session.json"


@pytest.fixture
def opened(qtbot: QtBot, qapp: QApplication, tmp_path: Path, file: Path) -> Iterator[Open]:
    """Opens a window as the program does, and waits until all of its run is shown; the ones before were closed."""
    make_application("dark")
    windows: list[MainWindow] = []

    def begin(run: Path | None = None, wait: bool = True, **changes: Any) -> MainWindow:
        window = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
        windows.append(window)
        window.resize(1280, 800)
        window.mapping.choose("pca")
        window.restoring.start(file, run, **changes)
        window.show()
        if wait:
            qtbot.waitUntil(lambda: there(window), timeout=40_000)
        return window

    yield begin
    for window in windows:
        assert window.close()
        window.deleteLater()


def there(window: MainWindow) -> bool:
    session = window.session
    found = (session.picture, session.images, session.encoding, session.layout, session.preview)
    return (
        all(each is not None for each in found) and not window.restoring._coming and not window.views.map.points.gliding
    )


def shown(window: MainWindow) -> dict[str, Any]:
    """All that comes back."""
    session, view = window.session, window.views.map
    a, b = session.ends
    return {
        "run": session.run.path,
        "z": session.place.z.tolist(),
        "place": (session.place.origin, session.place.sample, np.round(session.place.position, 3).tolist()),
        "ends": (a.z.tolist(), b.z.tolist(), a.sample, b.sample),
        "selected": session.selected,
        "group": session.group.tolist(),
        "visible": None if session.visible is None else session.visible.tolist(),
        "projection": session.projection,
        "colour": view.colour.currentData(),
        "overlays": session.overlays,
        "view": None if view.canvas.fitted else np.round(view.canvas.viewpoint, 3).tolist(),
        "tool": session.tool,
        "config": session.config,
        "docks": [name for name in ("inspector", "strip", "curves") if window.panels.dock(name).isVisible()],
    }


def zoom(window: MainWindow) -> None:
    canvas = window.views.map.canvas
    at = QPointF(canvas.rect().center()) + QPointF(20, 20)
    event = QWheelEvent(
        at, canvas.mapToGlobal(at), QPoint(), QPoint(0, 360), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def choose_colour(window: MainWindow, key: str) -> None:
    colour = window.views.map.colour
    colour.setCurrentIndex(colour.findData(key))
    colour.activated.emit(colour.currentIndex())


def use(window: MainWindow, layout: str = "axes") -> None:
    """Every part that comes back is made another than it is at first."""
    window.session.set_projection(ProjectionSettings(kind=layout, dims=(2, 1)))
    window.exploring.choose_sample(321)
    window.exploring.set_end("B")
    window.selecting.pick(np.array([7, 8, 300]))
    window.selecting.show_only(np.arange(len(window.session.encoding)) != 9)
    dim = int(window.session.order()[0])
    window.exploring.move_dim(dim, 0.75)
    window.exploring.set_end("A")
    window.exploring.choose_sample(40)
    choose_colour(window, "z1")
    window.session.want_overlay("prior", True)
    window.session.set_tool("lasso")
    window.edit({"training": {"epochs": 77}})
    window.panels.dock("strip").close()
    zoom(window)


def test_a_panel_that_took_its_size_late_does_not_undo_the_view(qtbot: QtBot, opened: Open):
    window = opened(demo_run())
    canvas = window.views.map.canvas
    canvas.resize(canvas.width() - 30, canvas.height())  # which is to be fitted into it, soon
    canvas.look(1.0, 2.0, 30.0)
    qtbot.wait(50)
    assert canvas.viewpoint == (1.0, 2.0, 30.0)


def test_everything_comes_back(qtbot: QtBot, opened: Open, trained_run: RunFolder):
    first = opened(trained_run.path)
    use(first)
    qtbot.waitUntil(lambda: there(first))
    before, picture = shown(first), first.session.picture.copy()
    assert first.close()
    again = opened()
    assert shown(again) == before
    qtbot.waitUntil(lambda: np.array_equal(again.session.picture, picture))
    qtbot.waitUntil(lambda: again.session.reconstruction is not None)
    assert again.undoing.undoing is None, "coming back is nothing to be undone"


def test_it_is_kept_while_the_window_is_open(qtbot: QtBot, opened: Open, file: Path, trained_run: RunFolder):
    window = opened(trained_run.path)
    window.restoring._soon.setInterval(10)
    window.exploring.choose_sample(5)
    image = int(window.session.encoding.index[5])
    qtbot.waitUntil(lambda: file.is_file() and json.loads(file.read_bytes())["selected"] == image)
    kept = KeptSession.read(file)
    assert kept.run == str(trained_run.path)
    assert kept.place.sample == image
    assert [each.name for each in file.parent.iterdir()] == ["session.json"]


def test_a_run_that_was_asked_for_is_opened_instead(opened: Open, file: Path, trained_run: RunFolder):
    first = opened(trained_run.path)
    use(first)
    first.panels.dock("inspector").close()
    first.close()
    other = opened(demo_run())
    assert other.session.run.path == demo_run()
    assert other.session.config == other.session.run.config
    assert not len(other.session.group)
    assert not other.panels.dock("inspector").isVisible(), "the panels are the person's, not the run's"


def test_a_run_that_is_gone_is_said_once_and_the_demo_opens(qtbot: QtBot, opened: Open, trained_run: RunFolder):
    opened(trained_run.path).close()
    shutil.rmtree(trained_run.path)
    said: list[tuple[str, bool]] = []
    window = opened(wait=False)
    window.session.told.connect(lambda sentence, error: said.append((sentence, error)))
    qtbot.waitUntil(lambda: there(window), timeout=40_000)
    assert window.session.run.path == demo_run()
    assert said == [("“small”, which was open last, is no longer there: this is the demo", False)]


def test_a_run_that_cannot_be_read_is_said_and_the_demo_opens(qtbot: QtBot, opened: Open, trained_run: RunFolder):
    opened(trained_run.path).close()
    (trained_run.path / "run.json").write_text("{")
    said: list[tuple[str, bool]] = []
    window = opened(wait=False)
    window.session.told.connect(lambda sentence, error: said.append((sentence, error)))
    qtbot.waitUntil(lambda: there(window), timeout=40_000)
    assert window.session.run.path == demo_run()
    assert len(said) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 99}', '{"version": 1, "run": 5}', "\0\1\2"])
def test_a_damaged_file_is_a_line_of_the_log_and_no_more(
    qtbot: QtBot, opened: Open, file: Path, monkeypatch: pytest.MonkeyPatch, text: str
):
    file.parent.mkdir()
    file.write_text(text)
    logged: list[str] = []
    said: list[str] = []
    window = opened(wait=False)
    window.session.logged.connect(logged.append)
    window.session.told.connect(lambda sentence, _error: said.append(sentence))
    missing = "The last session does not come back"
    qtbot.waitUntil(lambda: there(window) and any(missing in line for line in logged), timeout=40_000)
    assert sum(missing in line for line in logged) == 1
    assert not said
    assert window.session.run.path == demo_run()


def test_what_stood_on_samples_stands_where_other_weights_put_them(
    qtbot: QtBot, opened: Open, file: Path, trained_run: RunFolder
):
    """Killed while it trained: the places that were kept are of other weights than those that were saved."""
    first = opened(trained_run.path)
    index = first.session.encoding.index
    assert first.close()
    early = (0.01, 0.0, 0.0, -0.01)
    places = [KeptPlace(z=early, sample=int(index[row])) for row in (3, 9, 40)]
    KeptSession(run=str(trained_run.path), place=places[0], ends=(places[1], places[2])).write(file)
    session = opened().session
    qtbot.waitUntil(lambda: (session.place.z != np.float32(early)).any(), timeout=20_000)
    assert [each.sample for each in (session.place, *session.ends)] == [3, 9, 40]
    for place in (session.place, *session.ends):
        assert np.allclose(place.z, session.encoding.mu[place.sample], atol=1e-6)


def test_a_view_that_never_comes_keeps_nothing_from_being_kept(
    qtbot: QtBot, opened: Open, file: Path, trained_run: RunFolder
):
    """It was left zoomed in on a t-SNE, and at the next start somebody looks at PCA and goes on."""
    first = opened(trained_run.path)
    first.session.set_projection(ProjectionSettings(kind="tsne"))
    zoom(first)
    first.close()
    window = opened(wait=False)
    qtbot.waitUntil(lambda: window.mapping.survey is not None and window.session.images is not None, timeout=40_000)
    window.mapping.choose("pca")
    window.exploring.choose_sample(17)
    image = int(window.session.encoding.index[17])
    assert window.close()
    assert KeptSession.read(file).selected == image


def test_what_does_not_fit_the_run_any_more_is_left_out(qtbot: QtBot, opened: Open, file: Path, trained_run: RunFolder):
    kept = KeptSession(
        run=str(trained_run.path),
        place=KeptPlace(z=(0.1, 0.2, 0.3, 0.4), sample=10**9),
        ends=(KeptPlace(z=(0.5,) * 9), None),  # the run has 4 dimensions
        selected=10**9,
        group=(1, 10**9),
        condition=77,
        colour="z99",
        panels=("dock_of_another_time",),
        arrangement="AAAA",
        geometry="AAAA",
    )
    kept.write(file)
    window = opened()
    session = window.session
    assert session.place.z == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert session.place.sample is None
    assert all(end is not None and len(end.z) == 4 for end in session.ends), "as for a run that is opened anew"
    assert session.selected is None or session.selected < len(session.encoding)
    assert session.encoding.index[session.group].tolist() == [1]
    assert session.condition is None
    assert window.size().toTuple() == (1280, 800)


def test_a_window_nobody_began_a_session_with_keeps_none(qtbot: QtBot, qapp: QApplication, tmp_path: Path):
    """As for a picture, and in tests."""
    before = {each for each in tmp_path.rglob("*") if each.is_file()}
    window = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
    window.open(demo_run())
    window.show()
    qtbot.waitUntil(lambda: window.session.place is not None, timeout=40_000)
    assert not window.restoring._soon.isActive()
    assert window.close()
    window.deleteLater()
    assert {each for each in tmp_path.rglob("*") if each.is_file()} == before


def test_a_folder_that_cannot_be_written_is_said_in_the_log_once(qtbot: QtBot, opened: Open, file: Path):
    file.parent.write_text("a file where the folder should be")
    window = opened()
    logged: list[str] = []
    window.session.logged.connect(logged.append)
    window.restoring._soon.setInterval(1)
    window.exploring.choose_sample(5)
    qtbot.waitUntil(lambda: bool(logged))
    window.exploring.choose_sample(6)
    qtbot.wait(100)
    assert sum("could not be kept" in line for line in logged) == 1


numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
places = st.builds(
    KeptPlace,
    z=st.lists(numbers, min_size=1, max_size=6).map(tuple),
    origin=st.text(max_size=20),
    position=st.none() | st.tuples(numbers, numbers),
    sample=st.none() | st.integers(0, 10**9),
)
sessions = st.builds(
    KeptSession,
    run=st.none() | st.text(max_size=20),
    place=st.none() | places,
    ends=st.tuples(st.none() | places, st.none() | places),
    condition=st.none() | st.integers(0, 9),
    group=st.lists(st.integers(0, 10**6), max_size=9).map(tuple),
    view=st.none() | st.tuples(numbers, numbers, st.floats(1e-3, 1e6)),
    overlays=st.sets(st.sampled_from(["prior", "holes"])).map(tuple),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=50)
@given(session=sessions)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, session: KeptSession):
    file = tmp_path_factory.mktemp("kept") / "session.json"
    session.write(file)
    assert KeptSession.read(file) == session


def _refusal(file: Path) -> str:
    """Empty where it is read."""
    try:
        KeptSession.read(file)
    except ValueError as error:
        return str(error)
    return ""


@settings(max_examples=100)
@given(name=st.sampled_from(sorted(KeptSession.model_fields)), value=json_values, cut=st.integers(0, 3000))
def test_whatever_stands_there_is_a_session_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: Any, cut: int
):
    file = tmp_path_factory.mktemp("kept") / "session.json"
    text = json.dumps({**KeptSession(run="here").model_dump(mode="json"), name: value})
    for written in (text, text[:cut]):
        file.write_text(written)
        assert "\n" not in _refusal(file)

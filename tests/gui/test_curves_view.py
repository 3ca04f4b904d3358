"""Curves: what is drawn is what was recorded, at most ten times a second, with the interesting part in view."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from latentlab.gui.session import Session
from latentlab.gui.views.curves_view import QUANTITIES, CurvesView
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.curve_plot import robust_range


def records(steps: range, split: str = "train") -> list[dict[str, Any]]:
    return [
        {
            "step": step, "epoch": 0, "split": split, "neg_elbo": 230.0 + 300 * 0.9**step, "kl": 15.0 + 0.1 * step,
            "reconstruction": 215.0 + step / 7, "kl_per_dim": [1.0, 0.0], "beta": 2.0, "learning_rate": 1e-3,
        }
        for step in steps
    ]  # fmt: skip


@pytest.fixture
def session(qapp: object) -> Session:
    return Session()


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> Iterator[CurvesView]:
    view = CurvesView(session)
    qtbot.addWidget(view)
    for control in view.header_controls:
        qtbot.addWidget(control)
    view.resize(620, 173)
    view.show()
    qtbot.waitExposed(view)
    yield view
    theme.apply(QApplication.instance(), "dark")  # type: ignore[arg-type]


def drawn(view: CurvesView, split: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    steps, values = view.curve(split, name).getOriginalDataset()
    return (np.empty(0), np.empty(0)) if steps is None else (steps, values)


def assert_is_the_sessions(view: CurvesView, session: Session) -> None:
    for split in ("train", "validation"):
        for quantity in QUANTITIES:
            for shown, known in zip(
                drawn(view, split, quantity.column), session.curves.column(split, quantity.column), strict=True
            ):
                np.testing.assert_array_equal(shown, known)


def test_the_curves_are_the_sessions_columns(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    for start in (1, 101, 201):
        with qtbot.waitSignal(view.redrawn, timeout=1000):
            session.add_records(records(range(start, start + 100)))
            session.add_records(records(range(start + 50, start + 51), "validation"))
        assert_is_the_sessions(view, session)


def test_another_run_replaces_them(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.add_records(records(range(1, 50)))
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.open(None)
        session.add_records(records(range(1, 11)))
    assert len(drawn(view, "train", "kl")[0]) == 10
    assert_is_the_sessions(view, session)


def test_without_records_it_says_what_would_bring_them(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    def empty_shown() -> bool:
        return any("press Train" in label.text() and label.isVisible() for label in view.findChildren(QLabel))

    assert empty_shown()
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.add_records(records(range(1, 3)))
    assert not empty_shown()


def test_it_is_redrawn_a_few_times_a_second_at_most(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    redraws: list[None] = []
    view.redrawn.connect(lambda: redraws.append(None))
    for step in range(100):
        session.add_records(records(range(step, step + 1)))
        qtbot.wait(10)
    assert 2 <= len(redraws) <= 5  # in 1 s and a little


def test_it_is_not_redrawn_while_nothing_came_or_nobody_looks(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    redraws: list[None] = []
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.add_records(records(range(1, 9)))
    view.redrawn.connect(lambda: redraws.append(None))
    qtbot.wait(600)
    view.hide()
    session.add_records(records(range(9, 20)))
    qtbot.wait(600)
    assert not redraws
    view.show()
    assert len(redraws) == 1
    assert_is_the_sessions(view, session)


def y_range(view: CurvesView, split: str, name: str) -> tuple[float, float]:
    low, high = view.curve(split, name).getViewBox().viewRange()[1]
    return low, high


def test_the_wild_first_steps_do_not_flatten_the_rest(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.add_records(records(range(1, 300)))
    low, high = y_range(view, "train", "neg_elbo")
    assert high < 350
    assert low < 215


def test_a_zoomed_view_stays_until_a_double_click(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.add_records(records(range(1, 300)))
    box = view.curve("train", "kl").getViewBox()
    before = box.viewRange()
    viewport, place = viewport_and_centre(box)
    QTest.wheelEvent(view.windowHandle(), QPointF(viewport.mapTo(view, place)), QPoint(0, 240))
    zoomed = box.viewRange()
    assert zoomed != before
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.add_records(records(range(300, 400)))
    assert box.viewRange() == zoomed
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: box.viewRange()[0][1] > 390, timeout=1000)


def viewport_and_centre(box: Any) -> tuple[Any, QPoint]:
    canvas = box.scene().views()[0]
    return canvas.viewport(), canvas.mapFromScene(box.sceneBoundingRect().center())


def test_the_crosshair_reads_the_nearest_record(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.add_records(records(range(0, 1001, 10)))
    facts: list[str] = []
    view.fact_changed.connect(facts.append)
    box = view.curve("train", "kl").getViewBox()
    viewport, place = viewport_and_centre(box)
    qtbot.mouseMove(viewport, place)
    step = round(box.mapSceneToView(box.sceneBoundingRect().center()).x() / 10) * 10
    assert facts[-1] == f"step {step} · β 2 · lr 0.001"
    legend = view.findChild(QLabel, "curves_legend_1")
    assert legend is not None
    assert f"{15 + 0.1 * step:,.1f}" in legend.text()
    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    assert facts[-1] == "step 1,000 · β 2 · lr 0.001"


def test_the_logarithmic_switch(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.add_records(records(range(300)))
    switch = view.header_controls[0]
    assert isinstance(switch, QPushButton)
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    low, high = y_range(view, "train", "neg_elbo")
    assert 2.2 < low < high < 2.8  # powers of ten of nats
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    assert y_range(view, "train", "neg_elbo")[1] > 100
    assert_is_the_sessions(view, session)


def test_the_theme_recolours_pens_in_place(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.add_records(records(range(30)))
    for choice, colours in (("light", theme.LIGHT), ("dark", theme.DARK)):
        theme.apply(app, choice)  # type: ignore[arg-type]
        pen = view.curve("train", "kl").opts["pen"]
        assert pen.color().name().upper() == colours.unusual.upper()
        assert colours.unusual in view.findChild(QLabel, "curves_legend_1").text()  # type: ignore[union-attr]
    pens = {id(view.curve("train", quantity.column).opts["pen"]) for quantity in QUANTITIES}
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.add_records(records(range(30, 60)))
    assert pens == {id(view.curve("train", quantity.column).opts["pen"]) for quantity in QUANTITIES}


def test_values_that_are_not_finite_leave_a_gap(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    broken = records(range(30))
    broken[12]["kl"] = float("nan")
    broken[13]["kl"] = float("inf")
    with qtbot.waitSignal(view.redrawn, timeout=1000):
        session.add_records(broken)
    assert np.isfinite(y_range(view, "train", "kl")).all()
    view.grab()


def test_ten_thousand_records_are_thinned_to_the_pixels(view: CurvesView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.redrawn, timeout=3000):
        session.add_records(records(range(10_000)))
    view.grab()
    shown, _ = view.curve("train", "kl").getData()
    assert len(shown) < 1500


@settings(deadline=None)
@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6)))
def test_the_robust_range_holds_the_middle_half(values: np.ndarray) -> None:
    bounds = robust_range(values)
    assert bounds is not None
    low, high = bounds
    first, third = np.percentile(values, [25, 75])
    assert low < high
    inner = values[(values >= first) & (values <= third)]
    assert ((inner >= low) & (inner <= high)).all()


def test_the_robust_range_of_nothing() -> None:
    assert robust_range(np.array([np.nan, np.inf])) is None
    assert robust_range(np.empty(0)) is None

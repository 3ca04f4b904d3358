"""Everything the window knows: the open run, its map, the place in latent space, the training; with Qt signals.

Views read from here and are told by a signal what has changed; what a person does in a view travels back as that
view's own signals, which `main_window` connects. All arrays are NumPy and are never written to once handed over.
"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from latentlab.config import RunConfig
from latentlab.gui.records import (
    Curves,
    Encoding,
    Floats,
    History,
    Layout,
    Live,
    MapAction,
    MapImages,
    OpenRun,
    Place,
    PointFacts,
    PointPictures,
    Preview,
    ProjectionSettings,
    Route,
    Sampling,
    Strip,
    Tool,
    TrainingState,
    Trust,
    Walk,
)
from latentlab.gui.session_signals import SessionSignals
from latentlab.gui.states.amount import AmountState
from latentlab.gui.states.arithmetic import ArithmeticState
from latentlab.gui.states.decoded import DecodedState
from latentlab.gui.states.inspector import InspectorState
from latentlab.gui.states.state import State
from latentlab.gui.states.strip import StripState
from latentlab.runs.folder import RunSummary


class Session(SessionSignals):
    """The window's state. Every `set_...` stores a value and emits the signal of that name. What only one part of the
    window is about has a State of its own here, with its own signals."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.config = RunConfig()
        self.preview: Preview | None = None
        self.runs: tuple[RunSummary, ...] = ()
        self.run: OpenRun | None = None
        self.curves = Curves()
        self.encoding: Encoding | None = None
        self.images: MapImages | None = None
        self.layout: Layout | None = None
        self.facts: PointFacts | None = None
        self.point_pictures: PointPictures | None = None  # the last that came
        self.group = np.empty(0, np.int64)  # rows of the map, ascending
        self.visible: NDArray[np.bool_] | None = None  # (N,); None: all of them
        self.tool: Tool = "decode"
        self.projection = ProjectionSettings()
        self.overlays: frozenset[str] = frozenset()
        self.overlay: dict[str, Any] = {}  # what each wanted overlay shows, once it was computed
        self.history = History()
        self.route: Route | None = None
        self.walk: Walk = "ends"
        self.place: Place | None = None
        self.condition: int | None = None
        self.picture: NDArray[np.uint8] | None = None  # (C, H, W)
        self.selected: int | None = None  # row of the map
        self.reconstruction: NDArray[np.uint8] | None = None  # (C, H, W), of the selected sample
        self.ends: tuple[Place | None, Place | None] = (None, None)
        self.strip: Strip | None = None
        self.live: Live | None = None
        self.sampling = Sampling()
        self.training = TrainingState()
        self.model_ready = False
        self.map_note = ""
        self.map_action: MapAction = ""
        self.trust: Trust | None = None
        self.inspector = InspectorState(self)
        self.decoded = DecodedState(self)
        self.amount = AmountState(self)
        self.strips = StripState(self)
        self.arithmetic = ArithmeticState(self)

    # -- settings and runs

    def set_config(self, config: RunConfig) -> None:
        if config != self.config:
            self.config = config
            self.config_changed.emit()

    def set_preview(self, preview: Preview | None) -> None:
        self.preview = preview
        self.preview_changed.emit()

    def set_runs(self, runs: tuple[RunSummary, ...]) -> None:
        if runs != self.runs:
            self.runs = runs
            self.runs_changed.emit()

    def open(self, run: OpenRun | None) -> None:
        """Another run, or none: everything that belonged to the last one goes."""
        self.run = run
        self.curves = Curves()
        self.encoding = self.images = self.layout = self.facts = self.route = self.place = self.picture = None
        self.point_pictures = None
        self.group, self.visible, self.overlay, self.history = np.empty(0, np.int64), None, {}, History()
        self.selected = self.reconstruction = self.strip = self.live = None
        self.ends = (None, None)
        self.walk = "ends"
        self.sampling = Sampling()
        self.condition = 0 if run is not None and run.conditional else None
        self.model_ready = False
        self.map_note, self.map_action, self.trust = "", "", None
        for state in self.findChildren(State):
            state.forget()
        for signal in (
            self.run_changed, self.curves_changed, self.encoding_changed, self.images_changed, self.layout_changed,
            self.facts_changed, self.group_changed, self.visible_changed, self.overlays_changed, self.history_changed,
            self.route_changed, self.walk_changed, self.place_changed, self.condition_changed, self.picture_changed,
            self.selection_changed, self.reconstruction_changed, self.ends_changed, self.strip_changed,
            self.live_changed, self.sampling_changed, self.model_ready_changed, self.map_note_changed,
            self.trust_changed,
        ):  # fmt: skip
            signal.emit()

    def update_run(self, **changes: Any) -> None:
        """The open run's status, step or epoch, without forgetting what is shown of it. The step alone tells nobody:
        it changes twice a second, and is not shown."""
        told = [name for name, value in changes.items() if getattr(self.run, name, value) != value and name != "step"]
        if self.run is not None:
            self.run = replace(self.run, **changes)
        if told:
            self.run_changed.emit()

    def add_records(self, records: list[dict[str, Any]]) -> None:
        self.curves.extend(records)
        self.curves_changed.emit()

    def cut_records(self, step: int) -> None:
        """Training has gone back to this step: what was recorded after it is undone."""
        self.curves.cut_after(step)
        self.curves_changed.emit()

    # -- the map

    def set_encoding(self, encoding: Encoding) -> None:
        """Of the same images, the rows that are selected or hidden stay so; of others, they mean nothing."""
        same = self.encoding is not None and np.array_equal(self.encoding.index, encoding.index)
        self.encoding = encoding
        if not same:
            self._forget_rows()
        self.encoding_changed.emit()

    def _forget_rows(self) -> None:
        self.set_facts(None)
        self.select_group(np.empty(0, np.int64))
        self.set_visible(None)

    def drop_map(self) -> None:
        """What is on the map turned out to be of other images: there is none until they are encoded anew."""
        self.select(None)
        self.encoding = self.layout = None
        self._forget_rows()
        self.encoding_changed.emit()
        self.layout_changed.emit()

    def set_images(self, images: MapImages) -> None:
        self.images = images
        self.images_changed.emit()

    def set_layout(self, layout: Layout) -> None:
        self.layout = layout
        self.layout_changed.emit()

    def set_map_note(self, note: str, action: MapAction = "") -> None:
        """action: what a button beside the note does."""
        if (note, action) != (self.map_note, self.map_action):
            self.map_note, self.map_action = note, action
            self.map_note_changed.emit()

    def set_trust(self, trust: Trust | None) -> None:
        if trust != self.trust:
            self.trust = trust
            self.trust_changed.emit()

    def set_facts(self, facts: PointFacts | None) -> None:
        self.facts = facts
        self.facts_changed.emit()

    def set_point_pictures(self, pictures: PointPictures | None) -> None:
        self.point_pictures = pictures
        self.point_pictures_changed.emit()

    def select_group(self, rows: NDArray[np.int64]) -> None:
        """These rows of the map together, in any order; none of them: an empty array."""
        if len(rows) and (np.diff(rows) <= 0).any():  # which costs a hundredth of sorting a million that are
            rows = np.unique(rows)
        if not np.array_equal(rows, self.group):
            self.group = rows
            self.group_changed.emit()

    def set_visible(self, visible: NDArray[np.bool_] | None) -> None:
        if visible is not None and visible.all():
            visible = None
        if visible is not self.visible:
            self.visible = visible
            self.visible_changed.emit()

    def set_tool(self, tool: Tool) -> None:
        if tool != self.tool:
            self.tool = tool
            self.tool_changed.emit()

    def set_projection(self, settings: ProjectionSettings) -> None:
        if settings != self.projection:
            self.projection = settings
            self.projection_changed.emit()

    def want_overlay(self, name: str, wanted: bool) -> None:
        overlays = self.overlays | {name} if wanted else self.overlays - {name}
        if overlays != self.overlays:
            self.overlays = overlays
            self.overlays_changed.emit()

    def set_overlay(self, name: str, shows: Any) -> None:
        """What the overlay of this name shows; None: nothing (any more)."""
        self.overlay = {**self.overlay, name: shows}
        self.overlay_changed.emit(name)

    def set_history(self, **changes: Any) -> None:
        history = replace(self.history, **changes)
        if history != self.history:
            self.history = history
            self.history_changed.emit()

    def set_route(self, route: Route | None) -> None:
        self.route = route
        self.route_changed.emit()

    def set_walk(self, walk: Walk) -> None:
        if walk != self.walk:
            self.walk = walk
            self.walk_changed.emit()

    # -- the place in latent space

    def set_place(self, place: Place) -> None:
        self.place = place
        self.place_changed.emit()

    def set_condition(self, condition: int | None) -> None:
        if condition != self.condition:
            self.condition = condition
            self.condition_changed.emit()

    def set_picture(self, picture: NDArray[np.uint8]) -> None:
        self.picture = picture
        self.picture_changed.emit()

    def select(self, row: int | None) -> None:
        if row != self.selected:
            self.selected = row
            self.reconstruction = None
            self.selection_changed.emit()

    def set_reconstruction(self, pixels: NDArray[np.uint8]) -> None:
        self.reconstruction = pixels
        self.reconstruction_changed.emit()

    def set_end(self, which: Literal["A", "B"], place: Place | None) -> None:
        a, b = self.ends
        self.ends = (place, b) if which == "A" else (a, place)
        self.ends_changed.emit()

    def set_strip(self, strip: Strip | None) -> None:
        self.strip = strip
        self.strip_changed.emit()

    def set_live(self, live: Live) -> None:
        self.live = live
        self.live_changed.emit()

    def set_sampling(self, sampling: Sampling) -> None:
        if sampling != self.sampling:
            self.sampling = sampling
            self.sampling_changed.emit()

    # -- training

    def set_training(self, **changes: Any) -> None:
        state = replace(self.training, **changes)
        if state != self.training:
            self.training = state
            self.training_changed.emit()

    def set_model_ready(self, ready: bool) -> None:
        if ready != self.model_ready:
            self.model_ready = ready
            self.model_ready_changed.emit()

    # -- what the views ask often

    def order(self) -> NDArray[np.int64]:
        """Latent dimensions by KL, largest first; as they come where no KL is known."""
        if self.run is None:
            return np.empty(0, np.int64)
        kl = self.kl_per_dim()
        return np.arange(self.run.latent_dim) if kl is None else np.argsort(-kl, kind="stable").astype(np.int64)

    def kl_per_dim(self) -> Floats | None:
        """(d,) nats: of the points on the map, else the newest of the curves."""
        return self.encoding.kl_per_dim if self.encoding is not None else self.curves.kl_per_dim()

    def label_of(self, row: int) -> str:
        """The class of the map's row, or an empty text."""
        if self.images is None or self.images.labels is None or self.run is None:
            return ""
        names, label = self.run.class_names, int(self.images.labels[row])
        return names[label] if 0 <= label < len(names) else str(label)

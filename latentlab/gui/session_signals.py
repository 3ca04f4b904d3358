"""What the session tells, by Qt signals."""

from PySide6.QtCore import QObject, Signal


class SessionSignals(QObject):
    """Each says that something is another; what it is now is read from the session."""

    config_changed = Signal()  # the settings for the next run
    preview_changed = Signal()  # pictures and facts of the chosen data
    runs_changed = Signal()  # the list of runs
    run_changed = Signal()  # another run (or None) is open, or its status changed
    curves_changed = Signal()  # records came
    encoding_changed = Signal()  # points were encoded anew
    images_changed = Signal()  # the pictures behind the points arrived
    layout_changed = Signal()  # points have new places
    facts_changed = Signal()  # more is known of the points
    point_pictures_changed = Signal()  # some of the points were reconstructed
    group_changed = Signal()  # other rows are selected together
    visible_changed = Signal()  # other rows are shown
    tool_changed = Signal()  # the left button does something else on the map
    projection_changed = Signal()  # the map is to be laid out in another way
    overlays_changed = Signal()  # other overlays are wanted
    overlay_changed = Signal(str)  # what this overlay shows is there, or is there no more
    history_changed = Signal()  # other epochs can be gone back to, or another is shown
    route_changed = Signal()  # a path was drawn on the map, or is there no more
    walk_changed = Signal()  # the strip leads from A to B, or along the path
    place_changed = Signal()  # another z
    condition_changed = Signal()  # another class, for a conditional model
    picture_changed = Signal()  # z was decoded
    selection_changed = Signal()  # another sample is selected (or none)
    reconstruction_changed = Signal()  # the selected sample was reconstructed
    ends_changed = Signal()  # A or B moved
    strip_changed = Signal()
    live_changed = Signal()  # reconstructions and samples that follow the snapshots
    sampling_changed = Signal()  # samples are drawn from another prior
    training_changed = Signal()
    model_ready_changed = Signal()  # torch is loaded and the open run can decode
    map_note_changed = Signal()  # what the map is waiting for, in words, and what can be done about it
    trust_changed = Signal()  # how well the map keeps latent neighbours is known, or is known no more
    logged = Signal(str)  # a line for the log
    told = Signal(str, bool)  # a sentence for the person; True: it is an error

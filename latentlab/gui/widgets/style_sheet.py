"""The style sheet of the whole window, made from the table of colours. No other file holds style-sheet text.

Properties that widgets set to be dressed: `role` on labels (heading, fact, muted, figure, bad, title), `look` on
buttons (primary, segment, quiet) and `card` on frames (whole, head, body, floating, popup).
"""

from string import Template
from typing import TYPE_CHECKING

from latentlab.runs.places import resources

if TYPE_CHECKING:
    from latentlab.gui.widgets.theme import Colours


_SHEET = Template("""
* { font-size: 12px; outline: none; }
QMainWindow, QDialog { background: $ground; }
QToolTip { background: $card; color: $text; border: 1px solid $line; padding: 4px 6px; }

QLabel { background: transparent; color: $text; }
QLabel[role="heading"] { color: $muted; font-size: 11px; font-weight: 600; }
QLabel[role="fact"], QLabel[role="muted"] { color: $muted; font-size: 11px; }
QLabel[role="figure"] { color: $muted; font-size: 11px; font-family: $mono; }
QLabel[role="bad"] { color: $bad; font-size: 11px; }
QLabel[role="title"] { font-size: 13px; }
QLabel#map_note { background: $card; border-radius: 4px; }

QFrame[card="whole"] { background: $card; border: 1px solid $line; border-radius: 8px; }
QFrame[card="floating"] { background: $card; border: 1px solid $line; border-radius: 6px; }
QFrame[card="popup"] { background: $card; border: 1px solid $line; }
QFrame[card="head"] { background: $card; border: 1px solid $line; border-bottom: none;
  border-top-left-radius: 8px; border-top-right-radius: 8px; }
QFrame[card="body"] { background: $card; border: 1px solid $line; border-top: none;
  border-bottom-left-radius: 8px; border-bottom-right-radius: 8px; }
QToolBar { background: transparent; border: none; padding: 0; spacing: 0; }
QMainWindow::separator { background: transparent; width: 8px; height: 8px; }
QMainWindow::separator:hover { background: $line; }
QSplitter::handle { background: transparent; }

QPushButton, QToolButton { background: $control; color: $text; border: 1px solid $line; border-radius: 6px;
  padding: 4px 10px; min-height: 16px; }
QToolButton { padding: 3px 6px; }
QPushButton:hover, QToolButton:hover, QComboBox:hover, QAbstractSpinBox:hover, QLineEdit:hover
  { border-color: $muted; }
QPushButton:pressed, QToolButton:pressed { background: $line; }
QPushButton:focus, QToolButton:focus, QComboBox:focus, QAbstractSpinBox:focus, QLineEdit:focus,
QPlainTextEdit:focus, QListView:focus { border-color: $accent; }
QPushButton:disabled, QToolButton:disabled { color: $muted; background: transparent; border-color: $line; }
QComboBox[look="long"] { combobox-popup: 0; }
QPushButton[look="primary"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton[look="primary"]:hover { border-color: $text; }
QPushButton[look="primary"]:focus { border-color: $text; }
QPushButton[look="primary"]:disabled { background: transparent; color: $muted; border-color: $line; }
QPushButton[look="segment"], QToolButton[look="segment"] { border-radius: 3px; }
QPushButton[size="narrow"], QPushButton[look="narrow"] { padding: 4px 7px; }
QPushButton:checked, QToolButton:checked { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton:checked:focus, QToolButton:checked:focus { border-color: $text; }
QToolButton[look="tool"] { background: transparent; border-color: transparent; border-radius: 4px; padding: 0 0 0 2px;
  color: $muted; font-size: 11px; }
QToolButton[look="tool"]:hover { background: $control; }
QToolButton[look="tool"]:focus { border-color: $accent; }
QToolButton[look="tool"]:checked { background: $accent; border-color: $accent; color: $on_accent; }
QToolButton[look="tool"]:checked:focus { border-color: $text; }
QPushButton[look="quiet"], QToolButton[look="quiet"] { background: transparent; border-color: transparent;
  color: $muted; padding: 1px 4px; font-size: 11px; min-height: 14px; }
QPushButton[look="quiet"] { text-align: left; }
QPushButton[look="quiet"]:hover, QToolButton[look="quiet"]:hover { color: $text; }
QPushButton[look="quiet"]:focus, QToolButton[look="quiet"]:focus { border-color: $accent; }
QPushButton[look="quiet"]:checked, QToolButton[look="quiet"]:checked { background: transparent; color: $muted; }
QPushButton[look="fold"] { background: transparent; border-color: transparent; border-radius: 3px; color: $muted;
  padding: 1px 4px 1px 2px; font-size: 11px; min-height: 14px; text-align: left; }
QPushButton[look="fold"]:hover { color: $text; }
QPushButton[look="fold"]:focus { border-color: $accent; }
QPushButton::menu-indicator, QToolButton::menu-indicator { image: none; }

QComboBox, QAbstractSpinBox, QLineEdit { background: $control; color: $text; border: 1px solid $line;
  border-radius: 6px; padding: 3px 8px; min-height: 18px;
  selection-background-color: $accent; selection-color: $on_accent; }
QAbstractSpinBox { padding: 3px 2px 3px 6px; }
QComboBox:disabled, QAbstractSpinBox:disabled, QLineEdit:disabled { color: $muted; background: transparent; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow, QAbstractSpinBox::down-arrow { image: url($icons/down-$name.svg); width: 10px; height: 10px; }
QAbstractSpinBox::up-arrow { image: url($icons/up-$name.svg); width: 10px; height: 10px; }
QAbstractSpinBox::up-button { border: none; background: transparent; width: 18px; height: 12px;
  subcontrol-origin: border; subcontrol-position: top right; }
QAbstractSpinBox::down-button { border: none; background: transparent; width: 18px; height: 12px;
  subcontrol-origin: border; subcontrol-position: bottom right; }
QComboBox QAbstractItemView { background: $card; color: $text; border: 1px solid $line; padding: 4px;
  selection-background-color: $accent; selection-color: $on_accent; }
QComboBox QAbstractItemView::item { min-height: 22px; padding: 0 4px; }

QCheckBox, QRadioButton { color: $text; background: transparent; spacing: 6px; }
QCheckBox:disabled { color: $muted; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $muted; border-radius: 3px;
  background: $control; }
QCheckBox::indicator:hover, QCheckBox::indicator:focus { border-color: $accent; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url($icons/check-$name.svg); }

QProgressBar { background: $control; border: none; border-radius: 2px; min-height: 4px; max-height: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QSlider::groove:horizontal { background: $line; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; height: 4px; border-radius: 2px; }
QSlider::handle:horizontal { background: $accent; width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; }

QTableView { background: $card; color: $text; border: 1px solid transparent; alternate-background-color: $control;
  selection-background-color: $control; selection-color: $text; }
QTableView:focus { border-color: $accent; }
QTableView::item { padding: 0 6px; }
QTableView::item:selected { background: $control; color: $text; }
QTableView::item:focus { border: 1px solid $accent; border-radius: 3px; }
QHeaderView { background: $card; border: none; }
QHeaderView::section { background: $card; color: $muted; border: none; border-bottom: 1px solid $line; padding: 2px 6px;
  font-size: 11px; }
QListView { background: $card; color: $text; border: 1px solid transparent; }
QListView::item { border-radius: 6px; padding: 2px; }
QListView::item:hover { background: $control; }
QListView::item:selected { background: $control; color: $text; }
QPlainTextEdit, QTextEdit { background: transparent; color: $text; border: 1px solid transparent;
  selection-background-color: $accent; selection-color: $on_accent; }
QScrollArea, QScrollArea > QWidget > QWidget[scrolled="true"] { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 3px; margin: 2px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $muted; padding: 6px 12px; border: none;
  border-bottom: 2px solid transparent; }
QTabBar[look="narrow"]::tab { padding: 4px 5px; font-size: 11px; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:focus { color: $accent; }

QMenuBar { background: $ground; color: $text; padding: 2px 4px; }
QMenuBar::item { background: transparent; padding: 4px 8px; border-radius: 4px; }
QMenuBar::item:selected { background: $control; }
QMenu { background: $card; color: $text; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 20px; border-radius: 4px; }
QMenu::item:selected { background: $accent; color: $on_accent; }
QMenu::item:disabled { color: $muted; background: transparent; }
QMenu::separator { height: 1px; background: $line; margin: 4px 6px; }
QStatusBar { background: $ground; color: $muted; }
QStatusBar::item { border: none; }
""")


def style_sheet(colours: "Colours") -> str:
    """The sheet in these colours."""
    icons = (resources() / "icons").as_posix()
    fields = {name: str(value) for name, value in vars(colours).items()}
    return _SHEET.substitute(fields, icons=icons, mono='"DejaVu Sans Mono", "Menlo", "Consolas", monospace')

"""What was open when the window was closed, as a file: read with mistrust, written whole."""

import base64
import binascii
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from latentlab.config import RunConfig, explain
from latentlab.explore.overlays.kinds import NAMES
from latentlab.explore.projection_settings import ProjectionSettings
from latentlab.gui.records import Tool
from latentlab.runs.files import read_json, write_json

MOST_IMAGES = 20_000  # of a selection, or hidden; what is larger is not kept
Finite = Annotated[float, Field(allow_inf_nan=False)]
Image = Annotated[int, Field(ge=0)]  # its index in the data set
Images = Annotated[tuple[Image, ...], Field(max_length=MOST_IMAGES)]


class Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=False)


class KeptPlace(Kept):
    """`sample`: the image that it stands on, and moves with."""

    z: Annotated[tuple[Finite, ...], Field(min_length=1, max_length=100_000)]
    origin: str = ""
    position: tuple[Finite, Finite] | None = None
    sample: Image | None = None


class KeptSession(Kept):
    """Images are known by their index in the data set. arrangement and geometry: Qt's own bytes, in base 64;
    `panels`: those that the arrangement is of. view: the map's middle and its scale, None while all is fitted in.
    """

    version: Literal[1] = 1  # of what is said here
    run: str | None = None
    place: KeptPlace | None = None
    ends: tuple[KeptPlace | None, KeptPlace | None] = (None, None)
    condition: Annotated[int, Field(ge=0)] | None = None
    selected: Image | None = None
    group: Images = ()
    hidden: Images = ()
    projection: dict[str, Any] = {}
    colour: str = ""
    overlays: tuple[str, ...] = ()
    view: tuple[Finite, Finite, Annotated[float, Field(gt=0, allow_inf_nan=False)]] | None = None
    tool: Tool = "decode"
    config: RunConfig = RunConfig()
    panels: tuple[str, ...] = ()
    arrangement: str = ""
    geometry: str = ""

    @field_validator("projection")
    @classmethod
    def _can_be_laid_out(cls, values: dict[str, Any]) -> dict[str, Any]:
        try:
            ProjectionSettings.parse(values)
        except (ValueError, TypeError, LookupError, OverflowError):
            raise ValueError("no map can be laid out as it says") from None
        return values

    @field_validator("overlays")
    @classmethod
    def _known_ones(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name in NAMES)

    @field_validator("arrangement", "geometry")
    @classmethod
    def _is_base_64(cls, text: str) -> str:
        unpacked(text)
        return text

    @property
    def layout(self) -> ProjectionSettings:
        return ProjectionSettings.parse(self.projection)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """None where there is no such file. Raises ValueError with one sentence for one that is damaged or says what
        cannot be, OSError where it cannot be read."""
        try:
            return cls.model_validate(read_json(path))
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise ValueError(f"{path}: {explain(error)}") from None

    def write(self, path: Path) -> None:
        """Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, self.model_dump(mode="json"))


def packed(data: bytes | bytearray | memoryview) -> str:
    return base64.b64encode(data).decode()


def unpacked(text: str) -> bytes:
    """Raises ValueError for what `packed` did not make."""
    try:
        return base64.b64decode(text.encode(), validate=True)
    except binascii.Error:
        raise ValueError("not base 64") from None

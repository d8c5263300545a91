"""What a paper looks like when it is made small, and what it says: page by page, whatever it was handed in as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pypdfium2
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG")
RENDERED = 900  # pixels of a page's width, before it is made small


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its greys in a small grid (rows of columns, 0 to 255), and the text that a PDF has there."""

    greys: np.ndarray
    text: str


class NotRead(ValueError):
    """The paper cannot be opened as what it says it is."""


def pages_of(content: bytes, media: str, *, width: int, height: int, most: int) -> Iterator[Page]:
    """At most `most` pages of a paper, each as a grid of `width` by `height` greys. NotRead when it cannot be opened."""
    try:
        if media == "application/pdf":
            yield from _pdf(content, width, height, most)
        else:
            with Image.open(BytesIO(content), formats=FORMATS) as picture:
                yield Page(_small(ImageOps.exif_transpose(picture), width, height), "")
    except (pypdfium2.PdfiumError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise NotRead(f"{type(error).__name__}: {error}") from error


def _pdf(content: bytes, width: int, height: int, most: int) -> Iterator[Page]:
    with pypdfium2.PdfDocument(content) as document:
        for number in range(min(len(document), most)):
            page = document[number]
            bitmap = page.render(scale=RENDERED / max(page.get_width(), 1), grayscale=True)
            yield Page(_small(bitmap.to_pil(), width, height), page.get_textpage().get_text_bounded())


def _small(picture: Image.Image, width: int, height: int) -> np.ndarray:
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen)
    return np.asarray(picture.convert("L").resize((width, height), Image.Resampling.BOX), dtype=np.int16)

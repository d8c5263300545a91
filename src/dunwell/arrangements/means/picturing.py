"""Pages of a PDF as PNG: a stranger's PDF is never handed to a browser."""

from __future__ import annotations

import struct
import zlib

import pypdfium2

WIDTH = 900  # pixels


class NotPictured(ValueError):
    """The PDF cannot be read, or has no such page."""


def pages_of(content: bytes) -> int:
    """How many pages a PDF has. NotPictured when it cannot be read."""
    try:
        with pypdfium2.PdfDocument(content) as pdf:
            return len(pdf)
    except pypdfium2.PdfiumError as error:
        raise NotPictured(str(error)) from error


def page_as_png(content: bytes, number: int) -> bytes:
    """One page (from 0) as PNG. NotPictured when there is none."""
    try:
        with pypdfium2.PdfDocument(content) as pdf:
            if not 0 <= number < len(pdf):
                raise NotPictured(f"no page {number}")
            page = pdf[number]
            bitmap = page.render(scale=WIDTH / max(page.get_width(), 1), rev_byteorder=True, force_bitmap_format=2)
            return _png(bytes(bitmap.buffer), bitmap.width, bitmap.height, bitmap.stride)
    except pypdfium2.PdfiumError as error:
        raise NotPictured(str(error)) from error


def _png(pixels: bytes, width: int, height: int, stride: int) -> bytes:
    rows = b"".join(b"\0" + pixels[row * stride : row * stride + width * 3] for row in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )

"""How far something long has come: a bar on a terminal, elsewhere a plain line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from tqdm import tqdm

PAUSE = 10.0  # seconds between two plain lines


class Shown:
    """Told what is done and how much there is, it shows it on standard error. Ends with its `with`."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        self._words, self._said = "", 0.0

    def __enter__(self) -> Shown:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def tell(self, words: str, done: int, of: int) -> None:
        """`words` name what is being done; other words than before begin something new."""
        if sys.stderr.isatty():
            if self._bar is None or words != self._words:
                self._close()
                self._bar = tqdm(total=of, desc=words, file=sys.stderr, initial=done)
            self._bar.total = of
            self._bar.update(done - self._bar.n)
        elif words != self._words or done >= of or time.monotonic() - self._said > PAUSE:
            self._said = time.monotonic()
            print(f"{words}: {done:,} of {of:,}", file=sys.stderr, flush=True)
        self._words = words

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

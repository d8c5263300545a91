"""What a rule answers: a decision with every reason for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """BLOCK beats REVIEW beats ALLOW."""

    ALLOW = "ALLOW"
    REVIEW = "REVIEW"
    BLOCK = "BLOCK"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that failed (or `OK`).

    `rule` is the rule's id, `verdict` what this rule alone would answer, `citation` instrument and
    article, `confidence` the source's tag (V1, V2, V2c, M, A), `retry_after` the earliest moment at
    which this rule passes, None when that cannot be computed.
    """

    rule: str
    verdict: Verdict
    text_zh: str
    text_en: str
    citation: str = ""
    confidence: str = ""
    retry_after: datetime | None = None

    def text(self, language: str) -> str:
        """The sentence in the reader's language (`en`, anything else is Chinese)."""
        return self.text_en if language.startswith("en") else self.text_zh


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's answer: all failing rules, the primary one first."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    retry_after: datetime | None
    pack_id: str
    pack_version: str

    @property
    def allowed(self) -> bool:
        return self.verdict is Verdict.ALLOW

    @property
    def primary(self) -> Reason:
        return self.reasons[0]

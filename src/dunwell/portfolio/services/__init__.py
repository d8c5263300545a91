"""The only writers of people and their accounts."""

from dunwell.portfolio.services.people import Erased, open_many, open_text, seal_text, set_point_status
from dunwell.portfolio.services.touching import touch, touch_many

__all__ = ["Erased", "open_many", "open_text", "seal_text", "set_point_status", "touch", "touch_many"]

"""Reads of casework: the case page, the timeline, lists."""

from dunwell.casework.queries.lists import (
    CHIPS,
    QUEUES,
    ROWS,
    Filter,
    Page,
    case_list,
    chip_counts,
    queue_counts,
    queue_left,
)
from dunwell.casework.queries.page import AccountRow, CasePage, PointRow, case_page, whole
from dunwell.casework.queries.timeline import SORTS, Entry, Timeline, timeline

__all__ = [
    "CHIPS",
    "QUEUES",
    "ROWS",
    "SORTS",
    "AccountRow",
    "CasePage",
    "Entry",
    "Filter",
    "Page",
    "PointRow",
    "Timeline",
    "case_list",
    "case_page",
    "chip_counts",
    "queue_counts",
    "queue_left",
    "timeline",
    "whole",
]

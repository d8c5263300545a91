"""The only writers of receipts. Each writes a fact, its log entry, and touches the party."""

from dunwell.payments.services.expiring import expire
from dunwell.payments.services.receiving import PaymentRefused, answer, last_booking, receive, reverse
from dunwell.payments.services.taking import TakenReceipts, take_transactions

__all__ = [
    "PaymentRefused",
    "TakenReceipts",
    "answer",
    "expire",
    "last_booking",
    "receive",
    "reverse",
    "take_transactions",
]

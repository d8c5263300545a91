"""Pure rules about receipts: what counts, what answers an announcement, and what a day's file makes of a booking."""

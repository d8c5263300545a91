"""SMPP 3.4 as a bank's side speaks it: texts in parts, one session, receipts. No Django, no database."""

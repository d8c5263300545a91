"""The cardholder's own page, over HTTP. Served by its own process under dunwell_outside (settings/outside.py)."""

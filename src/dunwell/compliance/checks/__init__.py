"""Rules of this room as `dunwell check` asks them: one module a WHAT, each with its CHECK."""

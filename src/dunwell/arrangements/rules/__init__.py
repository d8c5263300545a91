"""What a promise or an arrangement may be, what it costs, and who approves it: pure functions of values."""

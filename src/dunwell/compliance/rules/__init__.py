"""The gate's rules: pure functions of values, and packs that are data."""

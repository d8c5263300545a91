"""The demo: a real card portfolio of 2005 replayed as a bank's nightly files, with synthetic people (docs/demo.md)."""

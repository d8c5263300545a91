"""Reads of the legal room."""

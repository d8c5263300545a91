"""Compliance's pages."""

"""Arrears' pages."""

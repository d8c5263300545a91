"""Dunwell: the system a bank's credit-card collections department runs on."""

__version__ = "0.1.0"

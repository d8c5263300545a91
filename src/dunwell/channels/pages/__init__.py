"""Channels' pages."""

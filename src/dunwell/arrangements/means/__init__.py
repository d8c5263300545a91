"""Proof of means: papers, income and outgoings, and what is left to a person a month."""

"""Pure rules of strategy: reading a strategy file, and compiling it into column programs."""

from dunwell.strategy.rules.compiling import compiled
from dunwell.strategy.rules.reading import ALWAYS, Invalid, Order, Segment, Step, Strategy, Treatment, read

__all__ = ["ALWAYS", "Invalid", "Order", "Segment", "Step", "Strategy", "Treatment", "compiled", "read"]

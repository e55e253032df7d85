"""Made-up orders to look at: one year of them, the same for the same arguments."""

from services.demo.filling import MOST, Filled, Wanted, fill

__all__ = ["MOST", "Filled", "Wanted", "fill"]

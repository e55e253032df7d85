"""Made-up orders to look at: one year of them, the same for the same arguments."""

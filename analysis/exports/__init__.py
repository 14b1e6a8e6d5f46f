"""A pool as tidy tables for others, with its data card."""

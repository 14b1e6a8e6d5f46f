"""Intervals over problems, the sampling unit."""

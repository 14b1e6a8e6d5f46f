"""Simulated pools: populations with known parameters, and the truth that follows from them."""

"""Figures of success against cost, S and V, and what they have in common."""

"""Checks of a pool: is it sound, how large is it, how good is its verifier."""

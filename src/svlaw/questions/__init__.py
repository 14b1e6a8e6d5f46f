"""The questions asked most, from Python: one answer whether a table, a pool or a path is given."""

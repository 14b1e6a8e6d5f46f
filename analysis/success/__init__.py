"""The success table: every problem at every point, from the pool to the stored table."""

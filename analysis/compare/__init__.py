"""Comparisons made from a success table: curves, frontier, crossover, problems by difficulty."""

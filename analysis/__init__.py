"""From cached generations to success curves: estimators, cost, frontier, crossover, plots."""

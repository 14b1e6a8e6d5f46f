"""Plans: what to run within a budget, or to reach a target."""

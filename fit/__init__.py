"""From curves to laws: power laws and compute-optimal allocation."""

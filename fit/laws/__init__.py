"""Allocation laws: optima by three methods, least squares in log space, advice, figures."""

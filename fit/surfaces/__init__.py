"""Parametric success surfaces f(S, V): forms, fits and the choice between them."""

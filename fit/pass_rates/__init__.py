"""Pass rates over problems: families of distributions, and their fits."""

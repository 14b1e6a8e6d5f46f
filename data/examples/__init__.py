"""Small real pools shipped with svlaw, each with its source and licence."""

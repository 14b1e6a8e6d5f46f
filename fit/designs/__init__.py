"""Designs of a study: how much to generate to pin an exponent."""

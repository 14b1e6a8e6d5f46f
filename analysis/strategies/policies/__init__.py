"""Policies: strategies that decide after each step whether to sample, to verify, or to answer.

A policy is replayed from the cache: solutions, and the verdicts of each, in random order and
without replacement. One walk serves all settings of a family.
"""

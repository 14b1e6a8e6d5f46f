"""Readers of generations that other tools have written."""

"""Verdicts: read from the text of verifications and turned into scores, again and again."""

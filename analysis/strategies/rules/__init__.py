"""Rules: ways to pick an answer from S drawn solutions, each with a score."""

"""Answers: found in text, judged, grouped into classes, again and again."""

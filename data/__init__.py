"""Pools of cached generations: schemas, storage, importers, answers and verdicts, examples."""

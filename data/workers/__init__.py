"""Who does the work: processes here, nodes of a Ray cluster, and batches to share out."""

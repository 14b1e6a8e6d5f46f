"""Where bytes lie: whole files, object stores, leases, and readers of each file format."""

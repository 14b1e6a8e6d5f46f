"""The demonstration model: a tiny Llama that solves and verifies chains of arithmetic."""

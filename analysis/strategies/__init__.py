"""Strategies: ways to spend solutions and verifications, and their exact or sampled success."""

"""Compiled kernels, and the random streams, walks and draws that they share."""

"""Training of the demonstration model; see docs/demo-model.md. No part of the package."""

"""Jobs, each reading like a recipe."""

"""The reasoner that needs no language model."""

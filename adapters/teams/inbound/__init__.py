"""What Teams sends, as our types."""

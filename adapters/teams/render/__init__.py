"""What Teams is sent: cards."""

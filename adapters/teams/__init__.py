"""LogSense in Microsoft Teams."""

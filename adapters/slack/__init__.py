"""LogSense in Slack."""

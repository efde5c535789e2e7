"""What Slack sends, as our types."""

"""Installing in Slack workspaces."""

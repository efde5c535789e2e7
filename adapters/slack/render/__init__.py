"""What Slack is sent: blocks and modals."""

"""What people ask for, handled through ports: each request becomes queued work, a change, or a refusal."""

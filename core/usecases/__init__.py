"""What LogSense does for people, step by step, through ports."""

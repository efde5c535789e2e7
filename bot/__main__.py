"""The `logsense` command."""


def main() -> None:
    """Run the command line."""

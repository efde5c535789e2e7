"""The commands of `logsense`, one group a file."""

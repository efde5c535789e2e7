"""The tool server as a child process, and the calls to it."""

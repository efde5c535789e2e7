"""From an event to the code behind it: files, functions, commits of a release, and which change explains it."""

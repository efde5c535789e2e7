"""Source repositories on this machine, read through the git program."""

"""The database itself: transactions, errors, encryption, isolation."""

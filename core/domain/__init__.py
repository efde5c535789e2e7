"""The words of LogSense as types; imports the standard library alone."""

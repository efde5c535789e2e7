"""What every channel has to do, as sentences; `harness.py` says what a new one has to bring."""

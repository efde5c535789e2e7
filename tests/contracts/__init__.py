"""What every channel has to do, as sentences; `house.py` says what a new one has to bring."""

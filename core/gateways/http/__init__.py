"""HTTP to addresses that tenants give."""

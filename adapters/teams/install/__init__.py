"""Installing for Teams tenants."""

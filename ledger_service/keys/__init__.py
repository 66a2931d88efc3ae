"""Keys: enrolled, rotated, revoked and declared compromised by entries of the log itself."""

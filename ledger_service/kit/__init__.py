"""Plumbing shared by the features: database, clock, identifiers, keys and files on disk."""

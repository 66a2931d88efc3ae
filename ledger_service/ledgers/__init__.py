"""Ledgers: created once, with their keys and their first entry."""

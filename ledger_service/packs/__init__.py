"""Industry packs: what a plant of one kind starts with, as data."""

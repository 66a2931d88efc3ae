"""Data health: what is missing, late, twice, contradictory, silent or points at nothing, for each source of records."""

"""Evidence chains: everything about a subject in order, what it leads to, and what is not proven."""

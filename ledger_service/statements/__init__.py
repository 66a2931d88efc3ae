"""Statements: checked, given an index, answered after the commit."""

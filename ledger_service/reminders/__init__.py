"""Reminders: who is told of a deadline, through which channel, and what became of it."""

"""Deadlines: what is due, overdue and breached, by whom it was answered, worked out from the log."""

"""Health: is the process up, can it work, how far has it come."""

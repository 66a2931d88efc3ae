"""Access: which client a bearer token belongs to."""

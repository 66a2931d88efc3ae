"""Streams: the evidence chain of one subject."""

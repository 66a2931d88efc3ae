"""Blobs: attachments under their SHA-256."""

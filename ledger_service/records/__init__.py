"""Records: plain JSON, wrapped and signed by the service."""

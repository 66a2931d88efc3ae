"""Effects: what failed rules set going becomes records: nonconformities, incidents, and actions to review."""

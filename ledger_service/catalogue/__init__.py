"""The catalogue as a service: a site's own files, and what clients may ask of it."""

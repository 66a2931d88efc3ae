"""Evidence packages: a folder of files with a signed manifest (FORMATS 8)."""

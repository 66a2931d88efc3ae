"""Import: files such as a plant's systems export become signed statements, through the HTTP API.

What a column means is data (`mappings/*.yaml`). A row that cannot be taken is reported with its line and column and
kept in a rejects file; nothing is guessed and nothing is lost. Importing a file twice changes nothing.
"""

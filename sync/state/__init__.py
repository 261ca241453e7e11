"""What makegood remembers, and how it is kept: one SQLite file."""

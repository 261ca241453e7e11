"""The tools of those who shape the mapping files: begin one, test it, replay it, compare it."""

"""Is this installation well? What is looked at, what is told, and what to type where it is not."""

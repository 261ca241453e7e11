"""The mapping files: their schema, their reader, and the words of their faults."""

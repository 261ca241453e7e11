"""Why this ticket, why now, what next: all that is thought of one ticket, told."""

"""The trackers' edges: each speaks its vendor's language outwards and `Ticket` inwards."""

"""What a ticket calls for: category, severity, promises and clocks; pure, with `now` as an argument."""

"""What should stand on the tickets, held against what does and what the state remembers."""

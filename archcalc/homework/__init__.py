"""Reading answers to homework and judging every cell."""

"""Models side by side: agreement, speed, memory, and the report of it."""

"""What a checked Graph turns into; each module imports its framework only when it is called."""

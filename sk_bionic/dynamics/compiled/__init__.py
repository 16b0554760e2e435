"""The equation of motion marched through time, compiled: one instant, one interval, one trial."""

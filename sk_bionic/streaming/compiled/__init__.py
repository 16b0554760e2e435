"""What happens at every frame of a stream, compiled: nothing here makes an array."""

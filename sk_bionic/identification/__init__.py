"""What an identification is worth: whether it can be right, and what would explain the recording better."""

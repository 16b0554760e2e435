"""Parameters from recordings: identification, its posterior, what it leaves open, and whether it can be right."""

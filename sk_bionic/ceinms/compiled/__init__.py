"""CEINMS' muscle as compiled functions, looped over frames."""

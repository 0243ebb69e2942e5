"""The operator's desk in the terminal."""

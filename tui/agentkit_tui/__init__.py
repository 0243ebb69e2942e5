"""The operator's desk in a terminal: read a case, decide it with one key, go on to the next."""

"""Rules of lateness and of allocation, as functions of values and as numbers in force."""

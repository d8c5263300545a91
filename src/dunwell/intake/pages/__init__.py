"""Intake's pages: the files of a day, one file, its quarantine, one row to mend."""

"""Plan, make and undo moves of files to the trash of the operating system."""

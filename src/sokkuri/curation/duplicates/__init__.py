"""Find near-duplicates and choose which image of a group to keep."""

"""Merge the parts that several jobs indexed into one collection."""

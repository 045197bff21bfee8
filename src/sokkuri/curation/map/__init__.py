"""The map of a collection: all pictures in two dimensions, by likeness."""

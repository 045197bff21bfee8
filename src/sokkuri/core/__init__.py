"""Value types, errors and paths that every package uses. Imports no other package."""

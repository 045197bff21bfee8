"""Nearest neighbours of a query: on this machine, or on a search engine elsewhere."""

"""Schemas of the HTTP API, a module a topic: they check requests and describe answers."""

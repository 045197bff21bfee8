"""The routes: each module reads requests, calls a service, and builds the answers."""

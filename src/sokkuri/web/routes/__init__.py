"""The addresses: each module takes a request apart, asks a part of the server, and answers."""

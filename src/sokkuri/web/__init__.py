"""The server: the collection over HTTP, for the pages in `static/` and for other programs.

A request first passes `head_timeout.py` (its head arrives in time) and `guard.py` (it is allowed
and not too large). A route in `routes/` reads it, calls `services/` (threads that read and search),
and answers with a document of `schemas/` or a problem of `errors.py`. `app.py` creates the
application, `server.py` runs it.
"""

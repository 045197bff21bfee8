"""The server: the collection over HTTP, for the pages in `static/` and for other programs.

A request passes `head_timeout.py` (its head arrives in time), `guard.py` (it is allowed and small
enough) and `routes/` (parse it). A route calls `services/` (threads that read and search) and
answers with a document of `schemas/` or a problem of `errors.py`. `app.py` puts the parts together,
`server.py` runs them.
"""

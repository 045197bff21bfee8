"""The server: the collection over HTTP, for the pages in `static/` and for other programs.

A request's way: protocol.py (in time) -> guard.py (allowed, small enough) -> routes/ (what is
asked) -> library.py and desk.py (threads that read and search) -> an answer or problems.py. app.py
puts it together, server.py runs it.
"""

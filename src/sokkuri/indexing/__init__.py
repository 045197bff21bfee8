"""Keep a collection in step with its folder: sync, verify, repair, compact, import, export."""

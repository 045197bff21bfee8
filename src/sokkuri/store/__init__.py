"""What a collection keeps: the catalog in SQLite, the vectors in shards, and row numbers."""

"""Work on a collection: near-duplicates, the trash, labels."""

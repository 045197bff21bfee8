"""Services that the routes call: searches, thumbnails, duplicates, labels, in threads."""

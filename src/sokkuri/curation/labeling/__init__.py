"""Labels: suggestions, outliers, likely wrong labels, and label files."""

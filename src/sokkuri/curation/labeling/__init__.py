"""Labels: suggestions, votes of neighbours, outliers, label files."""

"""From a folder to pixels: list image files, read, decode and thumbnail them."""

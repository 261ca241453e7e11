"""How the program fares, for those who watch over it: figures, pages to ask, a sign of life."""

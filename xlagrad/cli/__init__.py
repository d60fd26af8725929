"""The command ``xlagrad``: programs written for PyTorch, unmodified, on XLA."""

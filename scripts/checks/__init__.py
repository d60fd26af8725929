"""Rules about the repository itself, which the test suite applies."""

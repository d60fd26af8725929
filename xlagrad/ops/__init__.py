"""Operations: pure functions on arrays, grouped by family, each with one record."""

"""What is true: tables, invariants and every SQL statement. Imports nothing above itself."""

"""What is stored: words, tables, the scope cut, the engine."""

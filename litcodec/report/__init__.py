"""What was evaluated, drawn: a page, figures, tables."""

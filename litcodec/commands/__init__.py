"""What the command line's own commands do and say: one file per command, imported only when asked for."""

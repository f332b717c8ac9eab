"""The command line's own commands: one file per command, imported only when needed."""

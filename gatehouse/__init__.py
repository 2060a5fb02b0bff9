"""The command line, the configuration, and the one place where the rooms are wired together."""

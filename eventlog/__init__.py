"""The vocabulary of events, the append-only log, and the estate folded from its registers.

Imports no other room. Everything else stands on this.
"""

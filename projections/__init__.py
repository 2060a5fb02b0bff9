"""Read models: one projection a file, folded from the log, rebuilt from it at any time.

This room reads the log and writes only its own database (`projections.store`). It imports `eventlog` alone.
"""

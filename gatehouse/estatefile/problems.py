"""The error of an estate file with mistakes."""

from __future__ import annotations

from eventlog.problems import FileError


class EstateFileError(FileError):
    """The estate file can't be used: all its mistakes, in the order of the file."""

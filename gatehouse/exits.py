"""What the exit codes of the parts mean to their supervisor."""

from __future__ import annotations

EXIT_PERMANENT = 2
"""It can't start, and won't however often it is tried: a setting, an estate file, a port that is taken."""
EXIT_AWAY = 69
"""What it needs is away: the log's database. Another try may do."""
EXIT_FAILED = 70
"""A failure of its own, with its trace."""
EXIT_ORPHANED = 75
"""Its supervisor is gone."""

"""Whether each rule's tests and scenarios are good enough: they must notice a limit doubled, a limit halved,
and any one of its "not" cases taken away. `python -m tests.mutations [rule …]` tries all of it and says what
nobody noticed.
"""

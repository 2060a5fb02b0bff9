"""What every backend of a port must do, told once and run for each."""

import pytest

pytest.register_assert_rewrite(
    "tests.contracts.accounts", "tests.contracts.event_log", "tests.contracts.sql_log"
)

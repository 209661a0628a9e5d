"""The tests. What stands in these modules is shown in full where it does not hold, as in a test."""

import pytest

pytest.register_assert_rewrite("tests.real", "tests.real_state", "tests.rig")

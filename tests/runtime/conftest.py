import pytest

pytest.register_assert_rewrite("kpl.testing.executor_suite")

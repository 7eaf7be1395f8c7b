"""For all tests: in which order they begin."""

import pytest

# Minutes each, in one piece: begun last, they keep one process busy while the other has nothing left to do.
LONGEST = ("test_any_history.py", "test_lab.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)

import pytest

from tests.sandbox.xero.visitor import Visitor


@pytest.fixture
def visitor() -> Visitor:
    """Not connected yet: `await visitor.connect()`."""
    return Visitor()

"""Numbers in few digits."""

import pytest

from svlaw.data.numerals import significant


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.00042, 2, "0.00042"),
        (0.000042, 2, "0.000042"),
        (0.0000123456, 3, "0.0000123"),
        (1e-5, 2, "0.00001"),
        (1e-6, 2, "0.000001"),
        (4.2e-7, 2, "4.2e-7"),
        (9.99e-7, 2, "0.000001"),
        (0.0, 2, "0"),
        (-0.00005, 2, "-0.00005"),
        (0.5, 2, "0.5"),
        (46.4, 3, "46.4"),
        (1e9, 3, "1e9"),
        (2.44e15, 3, "2.44e15"),
    ],
)
def test_significant(value: float, digits: int, text: str) -> None:
    assert significant(value, digits) == text

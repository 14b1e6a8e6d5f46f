"""Numbers in few digits."""

import pytest

from svlaw.data.numerals import rounded_up, significant


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


@pytest.mark.parametrize(
    ("value", "up"), [(1.2341, 1.24), (2600.0, 2600.0), (1.314e14, 1.32e14), (9.001e-5, 9.01e-5)]
)
def test_rounded_up(value: float, up: float) -> None:
    assert rounded_up(value, 3) == up

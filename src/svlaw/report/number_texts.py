"""Numbers as a reader wants them: no more digits than they deserve."""

from collections.abc import Callable, Sequence

from svlaw.analysis.intervals.interval import Interval
from svlaw.data.numerals import significant

DASH = "–"
MINUS = "−"


def amount(value: float) -> str:
    """A budget or a count: whole ones as they are, others to about three digits.

    For example 8,256, 1,010 (of 1,014.17), 46, 4.9, 0.35, 0.000042, 2.4e15.
    """
    if abs(value) >= 1e9:
        return significant(value, 3)
    if value == round(value) and abs(value) < 1e6:
        return f"{round(value):,}"
    return rounded(value)


def rounded(value: float) -> str:
    """A figure to about two digits below 100 and three above: 1,010, 46, 4.9, 4.0, 0.35."""
    digits = 2 if abs(value) < 100 else 3
    number = float(f"{value:.{digits}g}")
    if abs(number) >= 10:
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 1 else significant(number, digits)


def times(value: float) -> str:
    """A ratio: 7.9×."""
    return f"{amount(value)}×"


def percent(share: float) -> str:
    """A share with one decimal: 78.5%."""
    return f"{100 * share:.1f}%"


def points(difference: float) -> str:
    """A difference of shares in percentage points, signed: +9.7, −1.7, 0.0."""
    text = f"{100 * difference:+.1f}"
    if float(text) == 0:
        return "0.0"
    return text.replace("-", MINUS)


def exponent(value: float) -> str:
    """An exponent with two decimals."""
    return f"{value:.2f}".replace("-", MINUS)


def ends(low: float | None, high: float | None, form: Callable[[float], str]) -> str:
    """The ends of an interval in brackets; empty without any."""
    if low is None or high is None:
        return ""
    return f"[{_bare(form(low))}, {_bare(form(high))}]"


def with_ends(
    value: float | None, low: float | None, high: float | None, form: Callable[[float], str]
) -> str:
    """A figure followed by its interval, if it has one."""
    if value is None:
        return DASH
    return f"{form(value)} {ends(low, high, form)}".rstrip()


def reached(figure: Interval, form: Callable[[float], str]) -> str:
    """A figure that may never be reached, with its interval, whose ends may be "never".

    Without resamples there is no interval.
    """
    text = "never within the data" if figure.estimate is None else form(figure.estimate)
    always_never = figure.estimate is None and figure.conf_low is None
    if figure.never is None or always_never:
        return text
    low, high = (
        "never" if end is None else _bare(form(end)) for end in (figure.conf_low, figure.conf_high)
    )
    return f"{text} [{low}, {high}]"


def often(share: float) -> str:
    """A share of the resamples in words."""
    if share < 0.01:
        return "under 1% of the resamples"
    return f"{min(round(100 * share), 99)}% of the resamples"


def _bare(text: str) -> str:
    return text.rstrip("%×")


def listed(words: Sequence[str]) -> str:
    """Words as a list: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

"""The HTML report; it is loaded on first use, so that importing the package costs nothing."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from svlaw.report.page import write_report as write_report

__all__ = ["write_report"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'svlaw.report' has no attribute {name!r}")
    from svlaw.report.page import write_report  # noqa: PLC0415

    return write_report

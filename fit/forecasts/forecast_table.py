"""A forecast as the table that people read."""

from typing import TYPE_CHECKING

from svlaw.data.table_texts import UNKNOWN, TextTable, number, percent, span

if TYPE_CHECKING:
    from svlaw.fit.forecasts.forecast import Forecast


def forecast_table(found: "Forecast", title: str = "forecast") -> TextTable:
    """Every forecast with its backtest, and the models below.

    Args:
        found: The forecast.
        title: What to print above it.
    """
    header = (
        *("strategy", "S", "V", "cost", "success", "95%"),
        *("tested on", "error", "rms", "held", "status"),
    )
    rows = [
        (
            row["strategy"],
            f"{row['solutions']:,}",
            f"{row['verifications']:,}",
            number(row["cost"]),
            percent(row["success"]),
            span(row["conf_low"], row["conf_high"]),
            row["held_back"],
            percent(row["error"]),
            percent(row["error_rms"]),
            UNKNOWN if row["held"] is None else f"{row['held']:.0%}",
            row["status"],
        )
        for row in found.rows.to_dicts()
    ]
    models = []
    for model in found.models:
        shown = ", ".join(f"{name} {value:.3g}" for name, value in model.parameters.items())
        models.append(f"{model.strategy}: {model.model} ({shown})")
    legend = (
        "in %; error: forecast less measured on what was held back, in points; held: share of its"
        " intervals that hold what was measured"
    )
    return TextTable(title, header, rows, (*models, legend))

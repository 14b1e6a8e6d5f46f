"""Which intervals are asked for: for other problems, for these problems sampled again, or both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from svlaw.data.table_texts import mark_few, percent, span

if TYPE_CHECKING:
    import polars as pl

    from svlaw.analysis.success.success_table import SuccessTable

QUESTIONS: Final = ("problems", "samples", "both")
_OF_PROBLEMS: Final = {
    *("conf_low", "conf_high", "gain_low", "gain_high", "difference_low", "difference_high"),
    *("few_differ", "coefficient_low", "coefficient_high", "never"),
}
"""Fields that answer for other problems."""


@dataclass(frozen=True)
class IntervalChoice:
    """What intervals are asked for.

    Attributes:
        cluster: Column of the problems that names their families; None for problems as units.
        question: `problems` (other problems of this kind), `samples` (these problems, sampled
            again) or `both`.
    """

    cluster: str | None = None
    question: str = "problems"

    @property
    def has_problems(self) -> bool:
        """Whether intervals for other problems are asked for."""
        return self.question != "samples"

    @property
    def has_samples(self) -> bool:
        """Whether intervals for new samples are asked for."""
        return self.question != "problems"

    @property
    def headings(self) -> tuple[str, ...]:
        """Headings of the columns of intervals in a printed table."""
        return {"problems": ("95%",), "samples": ("95% (samples)",)}.get(
            self.question, ("95% (problems)", "95% (samples)")
        )

    def spans(self, row: Mapping[str, Any], of: str = "", form: Any = percent) -> list[str]:
        """The intervals of a figure in a row of figures, as printed.

        Args:
            row: Figures by name.
            of: Name that leads those of the interval: none, `gain` or `difference`.
            form: How an end is written.
        """
        lead = f"{of}_" if of else ""
        problems = lead or "conf_"
        shown = []
        if self.has_problems:
            text = span(row[f"{problems}low"], row[f"{problems}high"], form)
            shown.append(mark_few(text, bool(of) and row["few_differ"]))
        if self.has_samples:
            shown.append(span(row[f"{lead}samples_low"], row[f"{lead}samples_high"], form))
        return shown

    def described(self, table: "SuccessTable") -> dict[str, Any]:
        """What JSON says of them; nothing of what was not asked for."""
        found: dict[str, Any] = {}
        if self.cluster is not None:
            found |= {"cluster": self.cluster, "n_clusters": table.n_units}
        if self.has_samples:
            found["interval"] = self.question
        return found

    def frame(self, frame: "pl.DataFrame") -> "pl.DataFrame":
        """Rows without the intervals that were not asked for."""
        return frame.drop([name for name in frame.columns if not self._wants(name)])

    def document(self, content: Any) -> Any:
        """A JSON document without the intervals that were not asked for."""
        if isinstance(content, dict):
            return {k: self.document(v) for k, v in content.items() if self._wants(k)}
        if isinstance(content, list | tuple):
            return [self.document(each) for each in content]
        return content

    def _wants(self, name: str) -> bool:
        of_samples = name.endswith(("samples_low", "samples_high"))
        return self.has_samples if of_samples else self.has_problems or name not in _OF_PROBLEMS

"""How many problems an interval takes."""

from svlaw.analysis.intervals.problem_counts import few_problems, few_problems_remarks


def test_thresholds() -> None:
    wanted = {"success": 5, "exponent": 30, "budget": 100}
    for kind, least in wanted.items():
        assert few_problems(least - 1, kind)
        assert not few_problems(least, kind)
        assert not few_problems(0, kind)  # a published table has no intervals


def test_remarks_say_how_many() -> None:
    assert few_problems_remarks(100, "budget") == []
    (remark,) = few_problems_remarks(30, "budget")
    assert "fewer than 100 problems (here 30)" in remark

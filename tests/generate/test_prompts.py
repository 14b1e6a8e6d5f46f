import math
import re
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.grading.extractors import built_in_extractor
from svlaw.data.schema import PROBLEM_KINDS
from svlaw.data.verdicts.readings import parse_verdict
from svlaw.generate.prompts import (
    ANSWER_NAMES,
    PROMPTS,
    Prompt,
    cut_thinking,
    default_prompt,
    load_prompt,
)

NAMES = list(PROMPTS)
SOLVE = ["boxed", "few-shot", "choice"]
VERIFY = ["verify", "verify-finetuned"]
QUESTION = "What is $6 \\cdot 7$ & <more>?"
SECRET = "the secret 4711"


def problem(kind: str | None = "math", **more: object) -> dict[str, object]:
    return {
        "problem_id": "p1",
        "question": QUESTION,
        "reference_answer": SECRET,
        "kind": kind,
        "subject": None,
        "level": "3",
        **more,
    }


def render(name: str, kind: str | None = "math", solution: str = "It is 42.") -> str:
    prompt = load_prompt(name)
    more = {"solution": solution} if prompt.verifies else {}
    return prompt.render(problem(kind), **more)


def refusal(template: str, **more: object) -> str:
    with pytest.raises(BadInputError) as error:
        Prompt("mine.jinja", template).render(problem(), **more)
    message = str(error.value)
    assert "\n" not in message
    return message


class TestTemplates:
    @pytest.mark.parametrize("kind", [*PROBLEM_KINDS, None])
    @pytest.mark.parametrize("name", NAMES)
    def test_render_for_every_kind(self, name: str, kind: str | None) -> None:
        text = render(name, kind)
        assert text.count(QUESTION) == 1
        assert SECRET not in text
        assert "None" not in text
        assert "{{" not in text
        assert "{%" not in text
        assert text.count("It is 42.") == (name in VERIFY)

    def test_roles(self) -> None:
        assert [name for name in NAMES if load_prompt(name).verifies] == VERIFY

    def test_numbers_are_asked_for_as_numbers(self) -> None:
        assert "plain number" in render("boxed", "numeric")
        assert "plain number" not in render("boxed", "math")
        assert "plain number" not in render("boxed", None)

    def test_kinds_have_the_prompt_their_answers_are_read_from(self) -> None:
        assert default_prompt("choice") == "choice"
        for kind in ("math", "numeric"):
            assert default_prompt(kind) == "boxed"
        for kind in ("code", "external", "essay"):
            with pytest.raises(BadInputError, match=f"kind '{kind}': has no prompt of its own"):
                default_prompt(kind)

    @pytest.mark.parametrize(
        ("kind", "reference", "answer"),
        [("math", "\\frac{1}{2}", "\\frac{1}{2}"), ("numeric", "025", "25"), ("choice", "B", "B")],
    )
    def test_what_is_asked_for_is_read(self, kind: str, reference: str, answer: str) -> None:
        prompt = render(default_prompt(kind), kind)
        read = built_in_extractor(kind, reference)
        assert "inside \\boxed{}" in prompt
        assert read(f"So much for that.\n\n\\boxed{{{answer}}}") == answer
        # a model that says the instruction again has not answered
        if kind != "numeric":
            assert read(prompt) is None
        assert read(f"{prompt}\n\nThat gives \\boxed{{{answer}}}.") == answer

    @pytest.mark.parametrize("name", VERIFY)
    def test_a_repeated_verification_prompt_is_no_verdict(self, name: str) -> None:
        prompt = render(name)
        assert parse_verdict(prompt) is None
        assert parse_verdict(f"{prompt}\n\nLet me see.") is None

    @pytest.mark.parametrize("name", VERIFY)
    @pytest.mark.parametrize("word", ["Yes", "No"])
    def test_verdicts_behind_it_are_read(self, name: str, word: str) -> None:
        prompt = render(name)
        line = f"Is the answer correct (Yes/No)? {word}"
        assert parse_verdict(f"Step 1 holds.\n\n{line}") == word.lower()
        assert (
            parse_verdict(f"{prompt}\n\nStep 1 holds.\n\n**Verification: {line}.**") == word.lower()
        )

    def test_verify_ends_in_the_question_of_the_verdict(self) -> None:
        assert render("verify").endswith("\n\nIs the answer correct (Yes/No)?")

    def test_verify_finetuned_is_what_the_papers_verifiers_were_trained_on(self) -> None:
        assert render("verify-finetuned") == (
            f"Problem:\n{QUESTION}\n\nSolution:\nIt is 42.\n\nVerification:\n"
        )

    def test_few_shot_goes_on_where_the_solution_begins(self) -> None:
        text = render("few-shot")
        assert text.endswith(f"\n\nProblem:\n{QUESTION}\n\nSolution:")
        (stop,) = load_prompt("few-shot").stop
        assert stop in text
        assert all(load_prompt(name).stop == () for name in NAMES if name != "few-shot")


class TestExamples:
    """The worked examples of the few-shot prompt: right, and read back by the grader."""

    @staticmethod
    def examples() -> list[tuple[str, str]]:
        text = load_prompt("few-shot").template
        blocks = re.split(r"(?:\A|\n\n)Problem:\n", text)[1:-1]
        pairs = [block.split("\n\nSolution:\n") for block in blocks]
        return [(question, solution) for question, solution in pairs]

    def answer(self, words: str) -> str:
        (solution,) = (s for q, s in self.examples() if words in q)
        answer = built_in_extractor("math", "1")(solution)
        assert answer is not None
        return answer

    def test_there_are_four(self) -> None:
        assert len(self.examples()) == 4
        for _, solution in self.examples():
            assert re.search(r"The final answer is \$.*\$\. I hope it is correct\.$", solution)

    def test_rectangle(self) -> None:
        (width,) = (w for w in range(1, 100) if w * (w + 3) == 70)
        assert int(self.answer("rectangle")) == 2 * (width + width + 3)

    def test_cards(self) -> None:
        pairs = list(combinations(range(1, 6), 2))
        even = Fraction(sum(sum(pair) % 2 == 0 for pair in pairs), len(pairs))
        assert self.answer("cards") == f"\\frac{{{even.numerator}}}{{{even.denominator}}}"

    def test_interval(self) -> None:
        holds = [x / 100 for x in range(-500, 501) if abs(2 * x / 100 - 1) < 5]
        low, high = round(min(holds) - 0.01, 2), round(max(holds) + 0.01, 2)
        assert abs(2 * low - 1) == abs(2 * high - 1) == 5
        assert self.answer("2x - 1") == f"({low:.0f},{high:.0f})"

    def test_roots(self) -> None:
        value = math.sqrt(50) + math.sqrt(18) - math.sqrt(8)
        assert self.answer("sqrt{50}") == "6\\sqrt{2}"
        assert math.isclose(value, 6 * math.sqrt(2))


class TestAnswersStayHidden:
    @pytest.mark.parametrize("name", [*sorted(ANSWER_NAMES), "Answer", "REFERENCE_ANSWER"])
    def test_a_template_that_asks_for_the_answer_is_refused(self, name: str) -> None:
        template = f"{{{{ question }}}} {{% if {name} is defined %}}{{{{ {name} }}}}{{% endif %}}"
        with pytest.raises(BadInputError, match=f"uses '{name}', which may hold the answer"):
            Prompt("mine.jinja", template)

    def test_the_data_sets_own_solution_is_not_the_one_to_verify(self) -> None:
        prompt = Prompt("mine.jinja", "{{ question }}{{ solution }}")
        row = problem(solution=SECRET, Solution=SECRET)
        assert SECRET not in prompt.render(row, solution="mine")
        with pytest.raises(BadInputError, match="'solution' is undefined"):
            prompt.render(row)
        with pytest.raises(BadInputError, match="'Solution' is undefined"):
            Prompt("mine.jinja", "{{ question }}{{ Solution }}").render(row)

    @pytest.mark.parametrize(
        "template",
        [
            "{{ question }}{{ self._TemplateReference__context }}",
            "{{ question }}{{ question.__class__ }}",
            "{{ question }}{{ cycler.__init__.__globals__ }}",
            "{{ question }}{{ [].append(1) }}",
            "{{ question }}{% include 'x' %}",
            "{{ question }}{{ range(10 ** 9) | length }}",
        ],
    )
    def test_templates_are_confined(self, template: str) -> None:
        assert "prompt mine.jinja, problem 'p1': " in refusal(template)

    def test_questions_are_text_and_no_template(self) -> None:
        question = "{{ reference_answer }} {% raw %} <b> & {# x #}"
        text = Prompt("mine.jinja", "{{ question }}").render(problem() | {"question": question})
        assert text == question


class TestUsersTemplates:
    def test_by_path(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.jinja"
        path.write_text("Über {{ subject or 'anything' }}, {{ level }}: {{ question }}\n", "utf-8")
        prompt = load_prompt(str(path))
        assert prompt.name == str(path)
        assert prompt.variables == {"subject", "level", "question"}
        assert not prompt.verifies
        assert prompt.render(problem()) == f"Über anything, 3: {QUESTION}"
        assert prompt.render(problem(subject="sums")).startswith("Über sums, 3")

    def test_further_columns_and_variables(self) -> None:
        prompt = Prompt("mine.jinja", "{{ hint }} {{ tone }}: {{ question }}")
        assert prompt.render(problem(hint="Add."), tone="dry") == f"Add. dry: {QUESTION}"

    def test_digest_is_that_of_the_text(self) -> None:
        one, other = Prompt("a", "{{ question }}"), Prompt("a", "{{ question }} ")
        assert one.digest == Prompt("b", "{{ question }}").digest
        assert one.digest != other.digest
        assert one.digest == "84cfb7b9ef0bba49d57a8606f03ececc"
        assert len({load_prompt(name).digest for name in NAMES}) == len(NAMES)

    def test_missing_variable(self) -> None:
        assert refusal("{{ question }} {{ topic }}") == (
            "prompt mine.jinja, problem 'p1': 'topic' is undefined; there are kind, level,"
            " problem_id, question, subject"
        )
        assert "'topic' is undefined" in refusal("{{ question }}{% if topic == 'x' %}{% endif %}")

    def test_null_is_not_written(self) -> None:
        assert "'subject' is empty; there are" in refusal("{{ subject }}: {{ question }}")
        assert "'subject' is empty" in refusal("{{ subject | upper }}: {{ question }}")
        assert "'subject' is empty" in refusal("{{ 'a' ~ subject }}: {{ question }}")
        conditions = "{% if subject %}{{ subject }}{% endif %}{{ question }}"
        assert Prompt("a", conditions).render(problem()) == QUESTION
        equal = "{% if subject == 'sums' %}{{ subject }}{% endif %}{{ question }}"
        assert Prompt("a", equal).render(problem()) == QUESTION

    @pytest.mark.parametrize(
        ("template", "message"),
        [
            ("{{ question }}\n{% if kind %}", "line 2: Unexpected end of template"),
            ("{{ question }\n", "line 1: unexpected '}'"),
            ("{{ question | shout }}", "line 1: No filter named 'shout'"),
            ("Solve it.", "uses no variable"),
        ],
    )
    def test_bad_templates(self, tmp_path: Path, template: str, message: str) -> None:
        path = tmp_path / "mine.jinja"
        path.write_text(template)
        with pytest.raises(BadInputError) as error:
            load_prompt(str(path))
        assert message in str(error.value)
        assert "mine.jinja" in str(error.value)
        assert "\n" not in str(error.value)

    def test_failing_templates(self) -> None:
        assert "division by zero" in refusal("{{ question }}{{ 1 / 0 }}")
        assert "prompt mine.jinja, problem 'p1'" in refusal("{{ question }}{{ level + 1 }}")

    def test_unknown_names_and_files(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match=r"prompt 'boxd': use one of boxed, few-shot"):
            load_prompt("boxd")
        with pytest.raises(BadInputError, match=r"none.jinja: no such file"):
            load_prompt(str(tmp_path / "none.jinja"))
        with pytest.raises(BadInputError, match="is a folder"):
            load_prompt(str(tmp_path))
        (tmp_path / "empty.jinja").touch()
        with pytest.raises(BadInputError, match="the file is empty"):
            load_prompt(str(tmp_path / "empty.jinja"))
        (tmp_path / "latin.jinja").write_bytes(b"{{ question }} \xff")
        with pytest.raises(BadInputError, match="not UTF-8"):
            load_prompt(str(tmp_path / "latin.jinja"))


class TestThinking:
    @pytest.mark.parametrize(
        ("text", "solution"),
        [
            ("<think>hm</think>\n\nIt is 42.\n", "It is 42."),
            ("hm</think>It is 42.", "It is 42."),
            ("<think>a</think>No.<think>b</think> Yes.", "Yes."),
            ("<think>a</think>", ""),
            ("It is 42.\n", "It is 42.\n"),
            ("<think>hm", None),
            ("<think>a</think>So.<think>hm", None),
            ("", ""),
            (None, None),
        ],
    )
    def test_cut(self, text: str | None, solution: str | None) -> None:
        assert cut_thinking(text) == solution

    def test_models_that_always_think(self) -> None:
        assert cut_thinking("hm, it is 42", always=True) is None
        assert cut_thinking("hm</think> It is 42.", always=True) == "It is 42."

    def test_other_markers(self) -> None:
        assert cut_thinking("[THINK]hm[/THINK]42", "[/THINK]") == "42"
        assert cut_thinking("[THINK]hm", "[/THINK]") is None
        final = "<|channel|>final<|message|>"
        assert cut_thinking(f"<|channel|>analysis<|message|>hm{final}42", final) == "42"
        assert cut_thinking("42", final) == "42"
        assert cut_thinking("hm", final, always=True) is None


def test_prompts_are_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "prompts.md").read_text("utf-8")
    for name in NAMES:
        assert f"| `{name}` | " in text

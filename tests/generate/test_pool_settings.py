"""Settings that may not change while a pool grows, and those that may."""

from pathlib import Path
from typing import Any

import pytest

from svlaw.data.errors import BadInputError, SvlawError
from svlaw.generate import runs
from svlaw.generate.assignments import assign_solutions
from svlaw.generate.shards import Shard

Study = Any

CHANGES = [
    ("model=bigger", "model was 'solver', now 'bigger'"),
    ("revision=v2", "revision was not set, now 'v2'"),
    ("chat=false", "chat was True, now False"),
    ("system=Brief!", "system was not set, now 'Brief!'"),
    ("sampling.temperature=1", "sampling.temperature was 0.7, now 1.0"),
    ("sampling.top_p=0.9", "sampling.top_p was 1.0, now 0.9"),
    ("sampling.top_k=40", "sampling.top_k was not set, now 40"),
    ("sampling.min_p=0.1", "sampling.min_p was 0.0, now 0.1"),
    ("sampling.max_tokens=9", "sampling.max_tokens was 2048, now 9"),
    ("sampling.stop=['##']", "sampling.stop was [], now ['##']"),
]


@pytest.mark.parametrize(("change", "complaint"), CHANGES)
def test_changed_settings_of_solutions_are_refused(
    study: Study, change: str, complaint: str
) -> None:
    study.solutions()
    before = study.rows()
    with pytest.raises(BadInputError) as caught:
        study.solutions(f"solutions.{change}", "solutions.samples=20")
    assert str(caught.value) == (
        f"{study.pool}: its solutions were generated with other settings: {complaint}. Generate"
        " into another pool, or put the settings back"
    )
    assert study.engine is None
    assert study.rows().equals(before)
    assert study.solutions("solutions.samples=9").generated == 6


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        *((change, complaint.replace("solver", "verifier")) for change, complaint in CHANGES),
        ("cut_thinking=</think>", "cut_thinking was not set, now '</think>'"),
        (
            "cut_thinking=x always_thinks=true",
            "always_thinks was False, now True; cut_thinking was not set, now 'x'",
        ),
        ("logprobs=3", "logprobs was 10, now 3"),
    ],
)
def test_changed_settings_of_verifications_are_refused(
    study: Study, change: str, complaint: str
) -> None:
    study.solutions()
    study.verifications()
    where = r"pool: its verifications by verifier were generated with other settings: "
    name = "verifications.verifier=verifier"
    with pytest.raises(BadInputError, match=where) as caught:
        study.verifications(*(f"verifications.{c}" for c in change.split(" ", 1)), name)
    assert f"settings: {complaint}. Generate" in str(caught.value)


def test_all_that_differs_is_named(study: Study) -> None:
    study.solutions()
    with pytest.raises(BadInputError) as caught:
        study.solutions("seed=4", "solutions.model=m", "solutions.sampling.top_p=0.5")
    assert "model was 'solver', now 'm'; sampling.top_p was 1.0, now 0.5; seed was 0, now 4" in str(
        caught.value
    )


def test_a_changed_prompt_is_refused_where_it_differs(study: Study, tmp_path: Path) -> None:
    template = tmp_path / "mine.jinja"
    begin = "Solve the problem below, and be careful about it. "
    template.write_text(f"{begin}Think first.\n{{{{ question }}}}")
    mine = f"solutions.prompt={template}"
    study.solutions(mine)
    moved = tmp_path / "moved.jinja"
    template.rename(moved)
    assert study.solutions(f"solutions.prompt={moved}").generated == 0
    template.write_text(f"{begin}Answer at once.\n{{{{ question }}}}")
    with pytest.raises(BadInputError) as caught:
        study.solutions(mine)
    assert str(caught.value).split(": ", 2)[2] == (
        "prompts.math was ...l about it. Think first.\\n{{ question }}', now ...l about it. Answer"
        " at once.\\n{{ question }}'. Generate into another pool, or put the settings back"
    )
    with pytest.raises(BadInputError, match=r"prompts\.math was 'Solve.*sampling\.stop was \[\]"):
        study.solutions("solutions.prompt=few-shot")


def test_what_does_not_change_samples_may_change(study: Study) -> None:
    study.solutions()
    study.verifications()
    free = ["batch_rows=3", "part_rows=7", "part_minutes=1"]
    section = ["engine=transformers", "engine_options={threads: 1}", "parameters=5", "samples=9"]
    assert study.solutions(*free, *(f"solutions.{s}" for s in section)).generated == 6
    study.verifications(*free, *(f"verifications.{s}" for s in section))
    assert study.rows("verifications", "verifier").height == 54 * 9


def test_settings_may_change_until_there_are_samples(study: Study) -> None:
    """A wrong model is found out when it is loaded, after the pool was begun."""

    def no_such_model(assignment: Any) -> Any:
        raise BadInputError(f"model {assignment.section.model}: there is none")

    configuration = study.configuration("solutions.model=wrong")
    with pytest.raises(BadInputError, match="model wrong: there is none"):
        runs.run_assignment(configuration, assign_solutions(configuration), engine=no_such_model)
    assert study.pool.exists()
    with pytest.raises(SvlawError, match="the model is gone"):
        study.solutions("solutions.model=wrong again", dies_after=0)
    study.solutions("solutions.model=right", "seed=3")
    assert study.opened().metadata["generation"]["solutions"]["model"] == "right"
    assert study.opened().metadata["generation"]["solutions"]["seed"] == 3
    with pytest.raises(BadInputError, match="model was 'right', now 'wrong'"):
        study.solutions("solutions.model=wrong", "seed=3")


def test_but_not_while_another_shard_may_be_about_to_write_some(study: Study) -> None:
    with pytest.raises(SvlawError, match="the model is gone"):
        study.solutions(shard="1/2", dies_after=0)
    with runs.generation_lock(study.pool, "solutions", Shard(1, 2)):
        with pytest.raises(BadInputError, match="seed was 0, now 1"):
            study.solutions("seed=1", shard="2/2")
        study.solutions(shard="2/2")

"""svlaw: when to solve and when to verify, from cached generations.

A flat public API; everything is imported on first use, so that `import svlaw` is instant::

    import svlaw as sv

    pool = sv.open_pool("pool")
    sv.plan(pool, 2.0, budget=256)  # 2.0 is lambda
    sv.frontier(pool, 2.0)
    sv.crossover(pool, 2.0)
    sv.fit_allocation(pool, 2.0)
    sv.write_report([pool], "report.html", ratio=2.0)

From a pool each of these uses the grid of the command of its name. For any other grid give a table
of success (`sv.success_table`), for other prices a cost model (`sv.token_cost`, ...).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from svlaw.analysis.checks.pool_check import Check as Check
    from svlaw.analysis.checks.pool_check import check_pool as check_pool
    from svlaw.analysis.compare.crossover import Crossover as Crossover
    from svlaw.analysis.compare.crossover import advantage as advantage
    from svlaw.analysis.compare.difficulty import Bin as Bin
    from svlaw.analysis.compare.difficulty import bins as bins
    from svlaw.analysis.compare.difficulty import pass_rates as pass_rates
    from svlaw.analysis.compare.headroom import headroom as headroom
    from svlaw.analysis.compare.problem_families import in_families as in_families
    from svlaw.analysis.compare.reliability import Reliability as Reliability
    from svlaw.analysis.compare.reliability import reliability as reliability
    from svlaw.analysis.compare.savings import Saving as Saving
    from svlaw.analysis.compare.savings import Savings as Savings
    from svlaw.analysis.compare.savings import savings as savings
    from svlaw.analysis.cost import CostModel as CostModel
    from svlaw.analysis.cost import MeasuredLambda as MeasuredLambda
    from svlaw.analysis.cost import RelativeCost as RelativeCost
    from svlaw.analysis.cost import measure_lambda as measure_lambda
    from svlaw.analysis.cost import relative_cost as relative_cost
    from svlaw.analysis.cost_choice import CostChoice as CostChoice
    from svlaw.analysis.exports.pool_export import export_pool as export_pool
    from svlaw.analysis.figures.crossover_figure import plot_crossover as plot_crossover
    from svlaw.analysis.figures.curve_figures import plot_frontier as plot_frontier
    from svlaw.analysis.figures.curve_figures import plot_solutions as plot_solutions
    from svlaw.analysis.figures.figure_files import typeset as typeset
    from svlaw.analysis.figures.figure_files import write_figure as write_figure
    from svlaw.analysis.figures.paper_figure import plot_paper_figure as plot_paper_figure
    from svlaw.analysis.figures.surface_figure import plot_surface as plot_surface
    from svlaw.analysis.intervals.interval import Interval as Interval
    from svlaw.analysis.strategies.own_rule import batched as batched
    from svlaw.analysis.strategies.strategy_list import list_strategies as list_strategies
    from svlaw.analysis.success.estimators import Options as Options
    from svlaw.analysis.success.solution_halves import with_sampling_noise as with_sampling_noise
    from svlaw.analysis.success.success_table import SuccessTable as SuccessTable
    from svlaw.analysis.success.success_table import success_table as success_table
    from svlaw.analysis.token_costs import FlopsCost as FlopsCost
    from svlaw.analysis.token_costs import PriceCost as PriceCost
    from svlaw.analysis.token_costs import TokenCost as TokenCost
    from svlaw.analysis.token_costs import TokenMeans as TokenMeans
    from svlaw.analysis.token_costs import flops_cost as flops_cost
    from svlaw.analysis.token_costs import mean_tokens as mean_tokens
    from svlaw.analysis.token_costs import price_cost as price_cost
    from svlaw.analysis.token_costs import token_cost as token_cost
    from svlaw.data.errors import BadInputError as BadInputError
    from svlaw.data.errors import NotInPoolError as NotInPoolError
    from svlaw.data.errors import SvlawError as SvlawError
    from svlaw.data.examples import copy_example as copy_example
    from svlaw.data.examples import list_examples as list_examples
    from svlaw.data.examples import open_example as open_example
    from svlaw.data.grading.pool_grading import PoolGrading as PoolGrading
    from svlaw.data.grading.pool_grading import grade_pool as grade_pool
    from svlaw.data.importers.flat_tables import import_tables as import_tables
    from svlaw.data.importers.flat_tables import import_verdicts as import_verdicts
    from svlaw.data.importers.inspect_logs import import_inspect as import_inspect
    from svlaw.data.importers.large_language_monkeys import import_monkeys as import_monkeys
    from svlaw.data.importers.lm_harness import import_lm_harness as import_lm_harness
    from svlaw.data.importers.nemo_skills import import_nemo_skills as import_nemo_skills
    from svlaw.data.importers.openai_batch import import_openai_batch as import_openai_batch
    from svlaw.data.importers.sc_genrm import import_sc_genrm as import_sc_genrm
    from svlaw.data.importers.success_tables import import_success as import_success
    from svlaw.data.pool import Pool as Pool
    from svlaw.data.pool import open_pool as open_pool
    from svlaw.data.pool import open_pools as open_pools
    from svlaw.data.pool_writer import append as append
    from svlaw.data.pool_writer import create_pool as create_pool
    from svlaw.data.verdicts.pool_parsing import ParsedVerdicts as ParsedVerdicts
    from svlaw.data.verdicts.pool_parsing import parse_pool as parse_pool
    from svlaw.fit.designs.design import Candidate as Candidate
    from svlaw.fit.designs.design import Design as Design
    from svlaw.fit.designs.design import design as design
    from svlaw.fit.forecasts.coverage_forecast import correct_counts as correct_counts
    from svlaw.fit.forecasts.forecast import Forecast as Forecast
    from svlaw.fit.laws.advice import Advice as Advice
    from svlaw.fit.laws.advice import advise as advise
    from svlaw.fit.laws.allocation import AllocationFit as AllocationFit
    from svlaw.fit.laws.allocation_law import AllocationLaw as AllocationLaw
    from svlaw.fit.laws.law_figures import plot_exponents as plot_exponents
    from svlaw.fit.laws.law_figures import plot_laws as plot_laws
    from svlaw.fit.maps.map_figure import plot_map as plot_map
    from svlaw.fit.maps.pool_places import place_pools as place_pools
    from svlaw.fit.maps.verification_map import VerificationMap as VerificationMap
    from svlaw.fit.maps.verification_map import verification_map as verification_map
    from svlaw.fit.plans.planner import Plan as Plan
    from svlaw.fit.simulation.population import Simulation as Simulation
    from svlaw.fit.simulation.population_fit import PopulationFit as PopulationFit
    from svlaw.fit.simulation.population_fit import fit_population as fit_population
    from svlaw.fit.simulation.simulator import simulate_pool as simulate_pool
    from svlaw.fit.simulation.simulator import simulate_table as simulate_table
    from svlaw.fit.simulation.simulator import simulation_of as simulation_of
    from svlaw.fit.simulation.truth import TrueLaw as TrueLaw
    from svlaw.fit.simulation.truth import true_exponents as true_exponents
    from svlaw.fit.simulation.truth import true_optima as true_optima
    from svlaw.fit.simulation.truth import true_success as true_success
    from svlaw.fit.simulation.truth import true_table as true_table
    from svlaw.generate.configuration import Configuration as Configuration
    from svlaw.generate.configuration import read_configuration as read_configuration
    from svlaw.generate.problems import ProblemSource as ProblemSource
    from svlaw.generate.problems import load_problems as load_problems
    from svlaw.generate.runs import Generation as Generation
    from svlaw.generate.runs import generate_solutions as generate_solutions
    from svlaw.generate.runs import generate_verifications as generate_verifications
    from svlaw.generate.shards import Shard as Shard
    from svlaw.questions.analyses import crossover as crossover
    from svlaw.questions.analyses import curves as curves
    from svlaw.questions.analyses import fit_allocation as fit_allocation
    from svlaw.questions.analyses import forecast as forecast
    from svlaw.questions.analyses import frontier as frontier
    from svlaw.questions.analyses import plan as plan
    from svlaw.report import write_report as write_report

_HOMES = {
    "svlaw.analysis.cost": (
        "CostModel",
        "MeasuredLambda",
        "RelativeCost",
        "measure_lambda",
        "relative_cost",
    ),
    "svlaw.analysis.token_costs": (
        "FlopsCost",
        "PriceCost",
        "TokenCost",
        "TokenMeans",
        "flops_cost",
        "mean_tokens",
        "price_cost",
        "token_cost",
    ),
    "svlaw.analysis.cost_choice": ("CostChoice",),
    "svlaw.analysis.compare.crossover": ("Crossover", "advantage"),
    "svlaw.analysis.figures.crossover_figure": ("plot_crossover",),
    "svlaw.analysis.compare.difficulty": ("Bin", "bins", "pass_rates"),
    "svlaw.analysis.success.estimators": ("Options",),
    "svlaw.analysis.figures.figure_files": ("typeset", "write_figure"),
    "svlaw.analysis.compare.reliability": ("Reliability", "reliability"),
    "svlaw.analysis.compare.savings": ("Saving", "Savings", "savings"),
    "svlaw.analysis.compare.headroom": ("headroom",),
    "svlaw.analysis.compare.problem_families": ("in_families",),
    "svlaw.analysis.success.solution_halves": ("with_sampling_noise",),
    "svlaw.analysis.strategies.own_rule": ("batched",),
    "svlaw.analysis.strategies.strategy_list": ("list_strategies",),
    "svlaw.analysis.figures.paper_figure": ("plot_paper_figure",),
    "svlaw.analysis.figures.curve_figures": ("plot_frontier", "plot_solutions"),
    "svlaw.analysis.intervals.interval": ("Interval",),
    "svlaw.analysis.success.success_table": ("SuccessTable", "success_table"),
    "svlaw.analysis.figures.surface_figure": ("plot_surface",),
    "svlaw.analysis.checks.pool_check": ("Check", "check_pool"),
    "svlaw.data.errors": ("BadInputError", "NotInPoolError", "SvlawError"),
    "svlaw.data.examples": ("copy_example", "list_examples", "open_example"),
    "svlaw.analysis.exports.pool_export": ("export_pool",),
    "svlaw.data.importers.inspect_logs": ("import_inspect",),
    "svlaw.data.importers.large_language_monkeys": ("import_monkeys",),
    "svlaw.data.importers.lm_harness": ("import_lm_harness",),
    "svlaw.data.importers.nemo_skills": ("import_nemo_skills",),
    "svlaw.data.importers.openai_batch": ("import_openai_batch",),
    "svlaw.data.importers.sc_genrm": ("import_sc_genrm",),
    "svlaw.data.importers.success_tables": ("import_success",),
    "svlaw.data.importers.flat_tables": ("import_tables", "import_verdicts"),
    "svlaw.data.verdicts.pool_parsing": ("ParsedVerdicts", "parse_pool"),
    "svlaw.data.grading.pool_grading": ("PoolGrading", "grade_pool"),
    "svlaw.data.pool": ("Pool", "open_pool", "open_pools"),
    "svlaw.data.pool_writer": ("append", "create_pool"),
    "svlaw.fit.laws.advice": ("Advice", "advise"),
    "svlaw.fit.forecasts.coverage_forecast": ("correct_counts",),
    "svlaw.fit.forecasts.forecast": ("Forecast",),
    "svlaw.fit.laws.law_figures": ("plot_exponents", "plot_laws"),
    "svlaw.fit.designs.design": ("Candidate", "Design", "design"),
    "svlaw.fit.laws.allocation": ("AllocationFit",),
    "svlaw.fit.laws.allocation_law": ("AllocationLaw",),
    "svlaw.fit.maps.map_figure": ("plot_map",),
    "svlaw.fit.maps.pool_places": ("place_pools",),
    "svlaw.fit.maps.verification_map": ("VerificationMap", "verification_map"),
    "svlaw.fit.plans.planner": ("Plan",),
    "svlaw.fit.simulation.population": ("Simulation",),
    "svlaw.fit.simulation.population_fit": ("PopulationFit", "fit_population"),
    "svlaw.fit.simulation.simulator": ("simulate_pool", "simulate_table", "simulation_of"),
    "svlaw.fit.simulation.truth": (
        "TrueLaw",
        "true_exponents",
        "true_optima",
        "true_success",
        "true_table",
    ),
    "svlaw.generate.configuration": ("Configuration", "read_configuration"),
    "svlaw.generate.problems": ("ProblemSource", "load_problems"),
    "svlaw.generate.runs": ("Generation", "generate_solutions", "generate_verifications"),
    "svlaw.generate.shards": ("Shard",),
    "svlaw.questions.analyses": (
        "crossover",
        "curves",
        "fit_allocation",
        "forecast",
        "frontier",
        "plan",
    ),
    "svlaw.report": ("write_report",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]  # noqa: PLE0604  names are strings, built above


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # 0.1 s

        return version("svlaw")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'svlaw' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

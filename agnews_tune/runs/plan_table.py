"""A plan as text: what will be trained, with which change, and what happens to older records."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from agnews_tune.errors import some_of
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.networks.size import count_parameters
from agnews_tune.records.layout import replaced_folder
from agnews_tune.runs.planned_trial import PlannedTrial
from agnews_tune.runs.planning import Plan
from agnews_tune.runs.resources import Resources
from agnews_tune.text.encoded_corpus import EncodedCorpus
from agnews_tune.text.word_pairs import frequent_pairs

CHANGE_WIDTH = 60  # characters of a change, before it goes on in a second line
HEADERS = ("experiment", "change", "against", "parameters", "seeds", "to do")


def format_plan(
    plan: Plan, corpora: Mapping[Preprocessing, EncodedCorpus], resources: Resources
) -> str:
    """Return the plan of a run: one line for each experiment, then data, resources and folder."""
    from tabulate import tabulate

    by_experiment: dict[str, list[PlannedTrial]] = {}
    for planned in plan.trials:
        by_experiment.setdefault(planned.trial.experiment.name, []).append(planned)
    rows = [_row(trials, corpora) for trials in by_experiment.values()]
    alignment = ("left", "left", "left", "right", "left", "left")
    table = tabulate(rows, HEADERS, colalign=alignment, disable_numparse=True)
    return f"{table}\n\n{format_setting(plan, resources)}"


def format_setting(plan: Plan, resources: Resources) -> str:
    """Return what a run trains on, what it trains with and where its records go, a line each."""
    corpus = plan.corpus
    rows = [len(split.texts) for split in (corpus.train, corpus.validation, corpus.test)]
    counts = "{:,} train, {:,} validation, {:,} test rows".format(*rows)
    finished = len(plan.trials) - len(plan.to_run)
    left = ", ".join(plan.left)
    replaced = sum(planned.replaces_result for planned in plan.trials)
    kept = f"{replaced} of other settings or data, which go to {replaced_folder(plan.folder)}"
    return (
        f"trials:  {len(plan.to_run)} to run, {finished} finished before\n"
        + (f"left:    {left} (not part of this run; reports still have them)\n" * bool(left))
        + (f"kept:    {kept}\n" * bool(replaced))
        + f"data:    {corpus.name}: {counts}\n"
        f"classes: {some_of(corpus.label_names)}\n"
        f"at once: {resources}\n"
        f"records: {plan.folder}"
    )


def _row(
    trials: list[PlannedTrial], corpora: Mapping[Preprocessing, EncodedCorpus]
) -> tuple[str, ...]:
    experiment = trials[0].trial.experiment
    hyperparameters = experiment.hyperparameters
    encoded = corpora[hyperparameters.preprocessing]
    classes = len(encoded.train.labels.names)
    pairs = 0
    if hyperparameters.model == "linear":
        pairs = len(frequent_pairs(encoded.train.texts, hyperparameters.min_count))
    parameters = count_parameters(hyperparameters, len(encoded.vocabulary), classes, pairs)
    return (
        experiment.name,
        textwrap.fill(experiment.describe_change(), CHANGE_WIDTH),
        experiment.parent or "",
        f"{parameters:,}",
        ",".join(str(planned.trial.seed) for planned in trials),
        _to_do(trials),
    )


def _to_do(trials: list[PlannedTrial]) -> str:
    actions = [planned.to_do for planned in trials]
    if len(set(actions)) == 1:
        return actions[0]
    return ", ".join(f"{actions.count(action)} {action}" for action in dict.fromkeys(actions))

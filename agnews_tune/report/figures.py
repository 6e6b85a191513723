"""An analysis as plain figures for other programs: the rows of the CSV form, the JSON form."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from agnews_tune.report.analysis import Analysis, Line
from agnews_tune.report.contents import Contents, Part
from agnews_tune.report.convergence import RULES
from agnews_tune.report.findings import write_findings
from agnews_tune.report.searches import SearchOutcome
from agnews_tune.report.statistics import Estimate


def line_figures(line: Line, analysis: Analysis) -> dict[str, Any]:
    """Return everything about one experiment under flat names; accuracies are fractions."""
    experiment, difference, convergence = line.experiment, line.versus_parent, line.convergence
    validation = experiment.figure("validation_accuracy")
    test = experiment.figure("test_accuracy")
    last = experiment.figure("test_accuracy_last")
    parameters = experiment.figure("parameters")
    return {
        "experiment": experiment.name,
        "parent": line.parent or None,
        "change": experiment.trial["change"],
        "state": experiment.state,
        "seeds": len(experiment.finished),
        "validation_accuracy": validation and validation.mean,
        "validation_accuracy_sd": validation and validation.deviation,
        "test_accuracy": test and test.mean,
        "test_accuracy_sd": test and test.deviation,
        **_ends("test_accuracy", line.accuracy),
        "test_accuracy_last": last and last.mean,
        "published_test_accuracy": experiment.trial["published"].get("test_accuracy"),
        "published_train_rows": experiment.trial["published"].get("train_rows"),
        "vs_parent": difference and difference.estimate.value,
        **_ends("vs_parent", difference.estimate if difference else None),
        "vs_parent_p": difference and difference.estimate.p,
        "vs_parent_p_holm": difference and difference.adjusted,
        "verdict": difference and difference.verdict,
        "best": line is analysis.best,
        "ties_with_best": line in analysis.ties,
        "target_reached": line.reached,
        "training": convergence and convergence.verdict,
        "best_epoch_of_mean_curve": convergence and convergence.best_epoch,
        "gap_best_to_last": convergence and convergence.gap,
        "spread_of_last_epochs": convergence and convergence.spread,
        "overfitting_from_epoch": convergence and convergence.overfitting_from,
        "parameters": parameters and int(parameters.mean),
        "seconds": experiment.seconds if experiment.finished else None,
    }


def rows_of(report: Contents) -> list[dict[str, Any]]:
    """Return ``line_figures`` for each experiment of a run, with the run and its data."""
    return [
        {"run": report.name, "data": part.analysis.summary.data["name"]}
        | line_figures(line, part.analysis)
        for part in report.parts
        for line in part.analysis.lines
    ]


def part_figures(part: Part) -> dict[str, Any]:
    """Return everything about the experiments that saw the same data as what JSON can hold."""
    analysis = part.analysis
    figures: dict[str, Any] = {
        "data": analysis.summary.data,
        "targets": list(analysis.targets),
        "experiments": [
            line_figures(line, analysis)
            | {"hyperparameters": line.experiment.trial["hyperparameters"]}
            for line in analysis.lines
        ],
        "effects": [
            {
                "hyperparameter": effect.hyperparameter,
                "from": effect.before,
                "to": effect.after,
                "pairs": effect.pairs,
                "gain": asdict(effect.gain.estimate),
                "p_holm": effect.gain.adjusted,
                "verdict": effect.gain.verdict,
            }
            for effect in analysis.effects
        ],
        "ensembles": [asdict(ensemble) for ensemble in analysis.ensembles],
        "search": analysis.search and _search_figures(analysis.search),
        "sensitivity": [asdict(found) for found in analysis.sensitivity],
        "findings": " ".join(write_findings(analysis)),
        "rules": RULES,
    }
    if part.mistakes:
        figures["mistakes"] = asdict(part.mistakes) | {
            "confusion": part.mistakes.confusion.tolist()
        }
    return figures


def _search_figures(found: SearchOutcome) -> dict[str, Any]:
    return {
        "drawn_from": found.search.to_plain(),
        "drawn": found.drawn,
        "finished": found.finished,
        "best": None if found.best.stopped else found.best.name,
        "tried": [
            {
                "experiment": one.name,
                **{name: one.values[name] for name in found.search.spaces},
                "validation_accuracy": one.accuracy,
                "stopped_early": one.stopped,
            }
            for one in found.tried
        ],
        "influences": [
            {
                "hyperparameter": influence.hyperparameter,
                "correlation": influence.correlation,
                "p_holm": influence.p,
            }
            for influence in found.influences
        ],
    }


def _ends(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    return {
        f"{name}_low": estimate.low if estimate else None,
        f"{name}_high": estimate.high if estimate else None,
    }

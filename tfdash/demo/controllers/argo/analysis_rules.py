"""What measurements make of a metric, and metrics of an AnalysisRun; the rules and words of Argo Rollouts 1.10."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.controllers.argo.analysis_expression import Wrong, evaluate

ENDED = ("Successful", "Failed", "Error", "Inconclusive")
_WORSE = ("Successful", "Inconclusive", "Error", "Failed")  # in the controller's order
ERROR_RETRY = 10.0


def ended(phase: str | None) -> bool:
    return phase in ENDED


def number(value: float) -> str:
    """A sample as Prometheus' client prints it: no exponent, as many digits as it takes."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0") if text.endswith(".0") else text


def _holds(which: str, text: str, result: Any) -> bool:
    try:
        return bool(text) and evaluate(text, result)
    except Wrong as error:
        why = str(error)
        if result is None or result == []:
            why = "metric result is nil or empty: no data returned from the metric provider"
        raise Wrong(f'could not evaluate {which} "{text}": {why}') from error


def measured(metric: Obj, result: Any) -> str:
    """The phase of one measurement. Raises ``analysisexpr.Wrong``."""
    succeeds, fails = metric.get("successCondition", ""), metric.get("failureCondition", "")
    good = _holds("successCondition", succeeds, result)
    failed = _holds("failureCondition", fails, result)
    if failed:
        return "Failed"
    if not succeeds and not fails:
        return "Successful"
    if succeeds and not fails:
        return "Successful" if good else "Failed"
    if fails and not succeeds:
        return "Successful"
    return "Successful" if good else "Inconclusive"


def limit(metric: Obj, field: str, default: int) -> int:
    given = metric.get(field)
    return default if given in (None, "") else int(given)


def count_of(metric: Obj) -> int | None:
    """How many measurements it takes; None: without end."""
    if metric.get("count") not in (None, "", 0, "0"):
        return int(metric["count"])
    return None if metric.get("interval") else 1


def trouble(metric: Obj, result: Obj) -> tuple[str, str]:
    """(Failed, Inconclusive or Error, why), or ("", "")."""
    phase, why = "", ""
    failed, most = result.get("failed", 0), limit(metric, "failureLimit", 0)
    if most >= 0 and failed > most:
        phase, why = "Failed", f"failed ({failed}) > failureLimit ({most})"
    unclear, most = result.get("inconclusive", 0), limit(metric, "inconclusiveLimit", 0)
    if unclear > most:
        phase, why = "Inconclusive", f"inconclusive ({unclear}) > inconclusiveLimit ({most})"
    errors, most = result.get("consecutiveError", 0), limit(metric, "consecutiveErrorLimit", 4)
    if errors > most:
        phase, why = "Error", f"consecutiveErrors ({errors}) > consecutiveErrorLimit ({most})"
    return phase, why


def metric_phase(metric: Obj, result: Obj, *, terminating: bool) -> str:
    """The metric's phase after its latest measurement."""
    if ended(result.get("phase")):
        return str(result["phase"])
    if not result.get("measurements"):
        return "Successful" if terminating else "Pending"
    phase, _ = trouble(metric, result)
    if phase:
        return phase
    row = limit(metric, "consecutiveSuccessLimit", 0)
    if row > 0 and result.get("consecutiveSuccess", 0) >= row:
        return "Successful"
    count = count_of(metric)
    if count is not None and result.get("count", 0) >= count:
        if row > 0:
            return "Inconclusive" if limit(metric, "failureLimit", 0) >= 0 else "Failed"
        return "Successful"
    return "Successful" if terminating else "Running"


def worse(old: str, new: str) -> bool:
    return not old or _WORSE.index(new) > _WORSE.index(old)


def tally(result: Obj, phase: str) -> Obj:
    """``result`` with one more measurement's outcome counted."""

    def more(field: str) -> int:
        return int(result.get(field, 0)) + 1

    match phase:
        case "Successful":
            return {
                **result,
                "successful": more("successful"),
                "count": more("count"),
                "consecutiveError": 0,
                "consecutiveSuccess": more("consecutiveSuccess"),
            }
        case "Error":
            return {
                **result,
                "error": more("error"),
                "consecutiveError": more("consecutiveError"),
                "consecutiveSuccess": 0,
            }
    field = "failed" if phase == "Failed" else "inconclusive"
    return {
        **result,
        field: more(field),
        "count": more("count"),
        "consecutiveError": 0,
        "consecutiveSuccess": 0,
    }

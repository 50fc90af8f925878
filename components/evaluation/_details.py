"""A comparison's figures beyond DESIGN's `compare --out`, as JSON."""

import math
from dataclasses import fields, is_dataclass
from typing import Any

from components.evaluation._comparison import Comparison
from components.evaluation._interval import Interval

_OF_LABEL = ("label", "auprc_a", "auprc_a_ci", "auprc_b", "auprc_b_ci", "noninferiority_p")
_OF_ALL = ("judged_labels", "bootstrap_p", "draws", "noninferiority_p")


def details(found: Comparison) -> dict[str, Any]:
    """AUPRC and non-inferiority, calibration, subgroups, operating points and readers; undefined figures are None."""
    overall = {name: getattr(found.overall, name) for name in _OF_ALL}
    return {
        "studies": found.studies,
        "patients": found.patients,
        "labels": [{name: _plain(getattr(label, name)) for name in _OF_LABEL} for label in found.labels],
        "overall": _plain(
            overall | {"noninferiority_margin": found.noninferiority_margin, "noninferior": found.noninferior}
        ),
        "calibration": _plain(found.calibration),
        "subgroups": _plain(found.subgroups),
        "operating": _plain(found.operating),
        "readers": [_plain(reader) | {"noninferior": reader.noninferior} for reader in found.readers],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Interval):
        return list(value) if math.isfinite(value.low) else None
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""A share of studies, and its interval where a patient may have several (Wilson 1927; Rao & Scott 1992)."""

import numpy as np
from scipy import stats

from components.evaluation._delong import BoolArray, IntArray
from components.evaluation._interval import UNDEFINED, Interval

_SEVERAL = 2


def share_interval(hits: BoolArray, patients: IntArray | None, alpha: float) -> Interval:
    """The 1 - alpha interval of a share: Wilson's score interval, on the effective number of studies.

    Studies of one patient say less than as many patients: the number of studies is divided by the design effect, the
    ratio of the variance between patients to the binomial one, never below 1. Where all studies are alike, and nothing
    can be estimated, the number of patients counts. Undefined without a study.

    Args:
        hits: bool [N], the studies that count.
        patients: int64 [N], equal numbers for studies of one patient; None when each study is a patient of its own.

    References:
        Wilson. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc 1927;22:209.
        Rao, Scott. A simple method for the analysis of clustered binary data. Biometrics 1992;48:577.
    """
    if not hits.size:
        return UNDEFINED
    share, size = float(hits.mean()), _effective(hits, patients)
    z = float(stats.norm.isf(alpha / 2))
    centre = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    reach = z / (1 + z**2 / size) * float(np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2)))
    return Interval(max(0.0, centre - reach), min(1.0, centre + reach))


def _effective(hits: BoolArray, patients: IntArray | None) -> float:
    """How many independent studies these are worth."""
    if patients is None:
        return float(hits.size)
    owner = np.unique(patients, return_inverse=True)[1]
    count = int(owner.max()) + 1
    share = float(hits.mean())
    if share in (0.0, 1.0) or count < _SEVERAL:
        return float(count)
    rests = np.bincount(owner, weights=hits - share)  # hits beyond those expected of as many studies
    between = count / (count - 1) * float((rests**2).sum()) / hits.size**2
    return hits.size / max(1.0, between / (share * (1 - share) / hits.size))

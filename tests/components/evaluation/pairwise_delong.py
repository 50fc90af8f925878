"""DeLong's and Obuchowski's figures by their definitions, pair by pair: slow, and independent of ours."""

import numpy as np
from scipy import stats


def brute_force(truth, a, b, patients=None):
    """AUCs, variances, covariance by the definition: every pair compared, then DeLong's or Obuchowski's sums."""
    kernels = []
    for scores in (a, b):
        positives, negatives = scores[truth], scores[~truth]
        wins = (positives[:, None] > negatives[None, :]) + 0.5 * (positives[:, None] == negatives[None, :])
        kernels.append(wins.astype(np.longdouble))
    aucs = [kernel.mean() for kernel in kernels]
    v10 = [kernel.mean(axis=1) - auc for kernel, auc in zip(kernels, aucs, strict=True)]
    v01 = [kernel.mean(axis=0) - auc for kernel, auc in zip(kernels, aucs, strict=True)]
    m, n = int(truth.sum()), int((~truth).sum())

    def covariance(i, j):
        if patients is None:
            return (v10[i] @ v10[j]) / (m - 1) / m + (v01[i] @ v01[j]) / (n - 1) / n
        of_positives, of_negatives = patients[truth], patients[~truth]
        both = np.unique(patients)
        x = [[v10[k][of_positives == patient].sum() for patient in both] for k in (i, j)]
        y = [[v01[k][of_negatives == patient].sum() for patient in both] for k in (i, j)]
        with_positive, with_negative, every = len(set(of_positives)), len(set(of_negatives)), len(both)
        s10 = with_positive / (with_positive - 1) / m * np.dot(x[0], x[1])
        s01 = with_negative / (with_negative - 1) / n * np.dot(y[0], y[1])
        s11 = every / (every - 1) * (np.dot(x[0], y[1]) + np.dot(x[1], y[0])) / 2
        return s10 / m + s01 / n + 2 * s11 / (m * n)

    variance = covariance(0, 0) + covariance(1, 1) - 2 * covariance(0, 1)
    z = float((aucs[1] - aucs[0]) / np.sqrt(variance))
    return (
        [float(auc) for auc in aucs],
        [float(covariance(0, 0)), float(covariance(1, 1))],
        z,
        2 * stats.norm.sf(abs(z)),
    )

#!/usr/bin/env python3
"""Writes metrics.json: cases with the values scikit-learn, NumPy and SciPy give them.

Run: apt-get install -y python3-sklearn && /usr/bin/python3 make_metrics.py
Made with scikit-learn 1.2.1. Scores are multiples of 1/64, so every float is exact in JSON and in single precision.
"""
import json
import os

import numpy as np
from scipy import stats
from sklearn import metrics

rng = np.random.default_rng(20260101)


def ranking_case(items, relevant, masked, levels):
    scores = rng.integers(0, levels, items) / 64.0
    order = rng.permutation(items)
    known, hits = np.sort(order[:masked]), np.sort(order[masked:masked + relevant])
    candidates = np.sort(order[masked:])
    labels = np.isin(candidates, hits).astype(int)
    case = {
        "scores": scores.tolist(), "known": known.tolist(), "relevant": hits.tolist(),
        "auc": metrics.roc_auc_score(labels, scores[candidates]),
    }
    # scikit-learn averages over ties, we rank in a random order: the order made strict gives both the same ranking.
    strict = np.empty(len(candidates))
    strict[np.lexsort((candidates, -scores[candidates]))] = -np.arange(len(candidates), dtype=float)
    for k in (1, 5, 10, 1000):
        case[f"ndcg@{k}"] = metrics.ndcg_score([labels], [strict], k=min(k, len(candidates)))
    case[f"map@{items}"] = metrics.average_precision_score(labels, strict)
    case["mrr"] = metrics.label_ranking_average_precision_score(
        [np.where(np.arange(len(labels)) == np.argmax(np.where(labels == 1, strict, -np.inf)), 1, 0)], [strict])
    return case


def prediction_case(pairs):
    targets = rng.integers(0, 2, pairs)
    predicted = rng.integers(1, 64, pairs) / 64.0
    return {
        "targets": targets.tolist(), "predicted": predicted.tolist(),
        "mse": metrics.mean_squared_error(targets, predicted),
        "mae": metrics.mean_absolute_error(targets, predicted),
        "accuracy": metrics.accuracy_score(targets, predicted >= 0.5),
        "log-loss": metrics.log_loss(targets, predicted),
    }


def paired_case(users):
    first, second = rng.integers(0, 65, users) / 64.0, rng.integers(0, 65, users) / 64.0
    test = stats.permutation_test(
        (first, second), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf, alternative="two-sided")
    return {"first": first.tolist(), "second": second.tolist(), "p": test.pvalue}


cases = {
    "ranking": [
        ranking_case(30, 3, 5, 4096), ranking_case(30, 7, 0, 8), ranking_case(60, 1, 20, 16),
        ranking_case(60, 30, 5, 40), ranking_case(200, 12, 40, 4096), ranking_case(200, 50, 0, 3),
    ],
    "prediction": [prediction_case(40), prediction_case(7)],
    "paired": [paired_case(6), paired_case(12)],
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics.json"), "w", encoding="utf-8", newline="\n") as file:
    json.dump(cases, file, indent=None, separators=(",", ":"))
    file.write("\n")

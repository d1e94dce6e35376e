"""Writes item_similarity.json: item-item similarities of a small play-count matrix by NumPy and scikit-learn.

Run with /usr/bin/python3 (python3-numpy, python3-sklearn); the expected data is checked in beside this file.
"""
import json
import pathlib

import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics.pairwise import cosine_similarity

USERS, ITEMS = 14, 9
generator = np.random.default_rng(2026)
plays = generator.poisson(0.9, (USERS, ITEMS)) * generator.integers(1, 6, (USERS, ITEMS))
plays[:, 0] |= plays.sum(0)[0] == 0
items = plays.T.astype(float)  # an item is a document, its listeners are the terms


def bm25(counts, k1, b):
    listeners_items = (counts > 0).sum(0)
    idf = np.log(1 + (ITEMS - listeners_items + 0.5) / (listeners_items + 0.5))
    length = counts.sum(1, keepdims=True)
    weights = idf * counts * (k1 + 1) / (counts + k1 * (1 - b + b * length / length.mean()))
    return weights @ weights.T


def both(name, function):
    return {name: function((items > 0).astype(float)).tolist(), name + "_weighted": function(items).tolist()}


def shrunk(counts):
    norms = np.linalg.norm(counts, axis=1)
    return counts @ counts.T / (np.outer(norms, norms) + 3.5)


def tf_idf_shrunk(counts):
    # Undo scikit-learn's row norms to get the idf weights, scaled so that the stored entries' idf has a mean square of 1.
    weights = TfidfTransformer(smooth_idf=True, norm=None).fit_transform(counts).toarray()
    present = counts > 0
    return shrunk(weights / np.sqrt(np.mean((weights[present] / counts[present]) ** 2)))


result = {"plays": plays.tolist()}
result |= both("cosine", cosine_similarity)
result |= both("shrunk", shrunk)
result |= both("tf_idf", lambda counts: cosine_similarity(TfidfTransformer(smooth_idf=True).fit_transform(counts)))
result |= both("tf_idf_shrunk", tf_idf_shrunk)
result |= both("bm25", lambda counts: bm25(counts, 1.7, 0.6))
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(result) + "\n")

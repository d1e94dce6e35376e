#!/usr/bin/env python3
"""Writes digits.txt and umap.txt: data and figures of the authors' own umap that Segue's is held against.

Needs python3-sklearn and umap-learn of Debian. Run it in this folder; the output is checked in.
digits.txt: one handwritten digit a line, 64 counts from 0 to 16 as characters 0-9A-G (E. Alpaydin and C. Kaynak, "Optical Recognition of
Handwritten Digits", UCI Machine Learning Repository 1998, CC BY 4.0; the test part, as scikit-learn ships it).
umap.txt: trustworthiness for 15 neighbours by method and seed, and the curve parameters a and b by minimum distance.
"""
import numpy as np
import sklearn
import umap
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE, trustworthiness
from umap.umap_ import find_ab_params

digits = load_digits().data
with open("digits.txt", "w", encoding="utf-8") as f:
    for row in digits.astype(int):
        f.write("".join("0123456789ABCDEFG"[v] for v in row) + "\n")

lines = [f"# umap-learn {umap.__version__}, scikit-learn {sklearn.__version__}, NumPy {np.__version__}"]
for minimum in [0.0, 0.1, 0.5, 0.99]:
    a, b = find_ab_params(1.0, minimum)
    lines.append(f"curve {minimum} {a:.8g} {b:.8g}")
for seed in range(3):
    for dimensions in [2, 3]:
        places = umap.UMAP(n_components=dimensions, random_state=seed).fit_transform(digits)
        lines.append(f"umap {dimensions} {seed} {trustworthiness(digits, places, n_neighbors=15):.6f}")
    places = TSNE(random_state=seed, init="pca", learning_rate="auto").fit_transform(digits)
    lines.append(f"tsne 2 {seed} {trustworthiness(digits, places, n_neighbors=15):.6f}")
pca = (digits - digits.mean(axis=0)) @ np.linalg.svd(digits - digits.mean(axis=0), full_matrices=False)[2][:2].T
lines.append(f"pca 2 0 {trustworthiness(digits, pca, n_neighbors=15):.6f}")
with open("umap.txt", "w", encoding="utf-8") as f:
    f.write("\n".join(lines) + "\n")

#!/usr/bin/env python3
"""Writes oracles.txt: values of NumPy and SciPy that the kernels of Segue.Numerics are held against.

Needs python3-numpy and python3-scipy of Debian. Run it in this folder; the output is checked in.
One line an array: name, number of dimensions, shape, then the values (%.10g: more than a float holds; row-major).
"""
import numpy as np
import scipy.linalg
import scipy.sparse
import scipy.sparse.linalg

rng = np.random.default_rng(20240131)
lines = []


def put(name, array):
    array = np.asarray(array)
    shape = " ".join(str(s) for s in array.shape)
    values = " ".join("%.10g" % v if array.dtype.kind == "f" else str(v) for v in array.ravel())
    lines.append(f"{name} {array.ndim} {shape} {values}")


def single(*shape):
    """Random numbers that a float holds exactly, as doubles."""
    return rng.standard_normal(shape).astype(np.float32).astype(np.float64)


a, b = single(13, 21), single(21, 17)
put("gemm.a", a)
put("gemm.b", b)
put("gemm.product", a @ b)
put("gemm.gram", a.T @ a)

x = single(90, 66)
spd = (x.T @ x / 90 + 0.1 * np.eye(66)).astype(np.float32).astype(np.float64)
spd = np.tril(spd) + np.tril(spd, -1).T
put("spd.matrix", spd)
put("spd.factor", scipy.linalg.cholesky(spd, lower=True))
put("spd.inverse", np.linalg.inv(spd))

rows = rng.integers(0, 12, 80)
columns = rng.integers(0, 9, 80)
values = single(80)
sparse = scipy.sparse.coo_matrix((values, (rows, columns)), shape=(12, 9)).tocsr()
sparse.sort_indices()
dense = single(9, 19)
put("csr.rows", rows)
put("csr.columns", columns)
put("csr.values", values)
put("csr.row_start", sparse.indptr)
put("csr.column_index", sparse.indices)
put("csr.summed", sparse.data)
put("csr.product", sparse @ dense)
put("csr.dense", dense)
put("csr.gram", (sparse.T @ sparse).toarray())
put("csr.transposed_start", sparse.T.tocsr().indptr)

scores = rng.integers(0, 12, 60).astype(np.float64)
put("topk.scores", scores)
put("topk.order", np.lexsort((np.arange(60), -scores)))

MASK = (1 << 64) - 1


class Xoshiro:
    """xoshiro256++ 1.0 by Blackman and Vigna, seeded by SplitMix64 from seed ^ FNV-1a(name)."""

    def __init__(self, seed, name):
        h = 14695981039346656037
        for byte in name.encode():
            h = ((h ^ byte) * 1099511628211) & MASK
        state, self.s = seed ^ h, []
        for _ in range(4):
            state = (state + 0x9E3779B97F4A7C15) & MASK
            z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            self.s.append(z ^ (z >> 31))

    def next(self):
        def rotl(v, k):
            return ((v << k) | (v >> (64 - k))) & MASK
        s = self.s
        result = (rotl((s[0] + s[3]) & MASK, 23) + s[0]) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
        return result


generator = Xoshiro(42, "als/item-factors")
put("rng.bits", np.array([generator.next() for _ in range(20)], dtype=object))

# A generator of its own, so that the arrays above keep their values. Entries are exact floats; SciPy gets the same ones.
svd_rng = np.random.default_rng(20260721)
svd_rows, svd_columns = svd_rng.integers(0, 60, 260), svd_rng.integers(0, 35, 260)
svd_values = (svd_rng.integers(1, 64, 260) / 8).astype(np.float64)
svd = scipy.sparse.coo_matrix((svd_values, (svd_rows, svd_columns)), shape=(60, 35)).tocsc()
left, sigma, right = scipy.sparse.linalg.svds(svd, k=6, tol=1e-12, random_state=0)
order = np.argsort(-sigma)
left, sigma, right = left[:, order], sigma[order], right[order]
sign = np.sign(right[np.arange(6), np.abs(right).argmax(axis=1)])
put("svd.rows", svd_rows)
put("svd.columns", svd_columns)
put("svd.values", svd_values)
put("svd.sigma", sigma)
put("svd.left", left * sign)
put("svd.right", (right * sign[:, None]).T)

# Points far from 0, with a few strong directions; the signs are those of Segue: the entry of largest magnitude is positive.
points = (single(60, 4) * [9, 4, 2, 1] @ single(4, 7) + 0.05 * single(60, 7) + 30).astype(np.float32).astype(np.float64)
covariance = np.cov(points, rowvar=False)
variance, directions = np.linalg.eigh(covariance)
variance, directions = variance[::-1], directions.T[::-1]
directions = directions * np.sign(directions[np.arange(7), np.abs(directions).argmax(axis=1)])[:, None]
put("pca.points", points)
put("pca.variance", variance)
put("pca.directions", directions[:3])
put("pca.projected", (points - points.mean(axis=0)) @ directions[:3].T)

with open("oracles.txt", "w", encoding="utf-8") as f:
    f.write("\n".join(lines) + "\n")

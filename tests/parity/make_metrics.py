#!/usr/bin/env python3
"""Writes tests/parity/metrics: what scikit-learn measures, for our tests to compare with.

    python tests/parity/make_metrics.py

Needs scikit-learn (which brings numpy and scipy) and safetensors. It is run by hand and its outputs
are committed, so that the tests need no Python.

Every file is one case, `<metric>_<case>.safetensors`. Its `__metadata__` has the metric's name in
our catalogue, its parameters as one line of YAML and the version of scikit-learn; its tensors are
output, target, mask where there is one, and value f64[k]: one number, one for each class, or a
table row by row. Each group of cases draws its numbers from a stream of its own.
"""

import math
import zlib
from pathlib import Path

import numpy as np
import scipy.stats
import sklearn
import sklearn.metrics as sk
from safetensors.numpy import save_file
from scipy.special import expit, softmax
from sklearn.preprocessing import label_binarize

FOLDER = Path(__file__).resolve().parent / "metrics"
N, C, L = 61, 5, 4


def multiclass(rng, num=N, classes=C, absent=False, dtype=np.float32):
    target = rng.integers(0, classes - (1 if absent else 0), num)
    output = rng.normal(size=(num, classes)).astype(dtype)
    output[np.arange(num), target] += 1
    return output, target


def binary(rng, num=N, ties=False):
    target = rng.integers(0, 2, num)
    output = (rng.normal(size=num) + target).astype(np.float32)
    return (np.round(output * 2) / 2 if ties else output).astype(np.float32), target


def multilabel(rng):
    target = rng.integers(0, 2, (N, L))
    return (rng.normal(size=(N, L)) + target).astype(np.float32), target


def probabilities(output):
    return softmax(output.astype(np.float64), axis=1)


def regression(rng, *shape):
    target = (rng.normal(size=shape) * 3 + 1000).astype(np.float32)
    return (target + rng.normal(size=shape)).astype(np.float32), target


def specificity(target, answer, labels):
    tables = sk.multilabel_confusion_matrix(target, answer, labels=labels)
    return tables[:, 0, 0] / tables[:, 0].sum(1)


def calibration(confidence, right, num_bins, norm):
    """Written from the definition: scikit-learn has none."""
    bins = np.clip(np.digitize(confidence, np.linspace(0, 1, num_bins + 1)) - 1, 0, num_bins - 1)
    gaps, shares = [], []
    for b in np.unique(bins):
        inside = bins == b
        gaps.append(abs(confidence[inside].mean() - right[inside].mean()))
        shares.append(inside.mean())
    gaps, shares = np.array(gaps), np.array(shares)
    if norm == "max":
        return gaps.max()
    return (gaps * shares).sum() if norm == "l1" else math.sqrt((gaps**2 * shares).sum())


AVERAGED = {
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "f1": sk.f1_score,
    "iou": sk.jaccard_score,
    "dice": sk.f1_score,
}


def averaged_cases(rng):
    for name, function in AVERAGED.items():
        for average in ("micro", "macro", "weighted", "none"):
            output, target = multiclass(rng, absent=average != "micro")
            answer = output.argmax(1)
            more = {"labels": list(range(C))} if average == "none" else {}
            value = function(target, answer, zero_division=0, **more,
                             average=None if average == "none" else average)
            yield name, average, f"average: {average}", output, target, value
        output, target = binary(rng)
        yield name, "binary", "", output, target, function(target, output > 0)
        output, target = multilabel(rng)
        yield name, "multilabel", "", output, target, function(target, output > 0, average="macro")
    output, target = multiclass(rng)
    yield ("fbeta", "half", "beta: 0.5", output, target,
           sk.fbeta_score(target, output.argmax(1), beta=0.5, average="macro"))
    yield ("specificity", "macro", "", output, target,
           specificity(target, output.argmax(1), range(C)).mean())
    yield ("specificity", "none", "average: none", output, target,
           specificity(target, output.argmax(1), range(C)))
    limit = 0.7
    output, target = binary(rng)
    yield ("f1", "threshold", f"threshold: {limit}, logits: false",
           expit(output.astype(np.float64)), target,
           sk.f1_score(target, expit(output.astype(np.float64)) > limit))


def count_cases(rng):
    output, target = multiclass(rng, absent=True)
    answer = output.argmax(1)
    chosen = {
        "accuracy": sk.accuracy_score,
        "balanced_accuracy": sk.balanced_accuracy_score,
        "cohen_kappa": sk.cohen_kappa_score,
        "matthews_corrcoef": sk.matthews_corrcoef,
    }
    for name, function in chosen.items():
        yield name, "multiclass", "", output, target, function(target, answer)
        scores, classes = binary(rng)
        yield name, "binary", "", scores, classes, function(classes, scores > 0)
        yield name, "one_column", "", scores[:, None], classes, function(classes, scores > 0)
    scores, labels = multilabel(rng)
    yield "accuracy", "multilabel", "", scores, labels, ((scores > 0) == labels).mean()
    ignored = np.where(rng.random(N) < 0.2, -100, target)
    keep = ignored >= 0
    yield ("accuracy", "ignored", "", output, ignored,
           sk.accuracy_score(target[keep], answer[keep]))
    wide = rng.normal(size=(6, 3, 4, 5)).astype(np.float32)
    classes = rng.integers(0, 3, (6, 4, 5))
    mask = rng.random((6, 4, 5)) < 0.7
    yield ("iou", "segmentation", "", wide, classes,
           sk.jaccard_score(classes[mask], wide.argmax(1)[mask], average="macro"), mask)
    samples = np.array([True, False, True, True, False, True])
    yield ("accuracy", "sample_mask", "", wide, classes,
           sk.accuracy_score(classes[samples].ravel(), wide[samples].argmax(1).ravel()), samples)
    for normalize, theirs in (("none", None), ("target", "true"), ("answer", "pred"),
                              ("all", "all")):
        value = sk.confusion_matrix(target, answer, labels=range(C), normalize=theirs)
        yield "confusion_matrix", normalize, f"normalize: {normalize}", output, target, value
    output, target = multiclass(rng, classes=7)
    yield ("top_k", "three", "k: 3", output, target,
           sk.top_k_accuracy_score(target, output, k=3, labels=range(7)))


def ranking_cases(rng):
    chosen = {"auroc": sk.roc_auc_score, "average_precision": sk.average_precision_score}
    for name, function in chosen.items():
        for ties in (False, True):
            output, target = binary(rng, ties=ties)
            yield name, "ties" if ties else "binary", "", output, target, function(target, output)
        output, target = binary(rng)
        coarse = np.minimum(np.floor(expit(output.astype(np.float64)) * 20), 19)
        yield name, "thresholds", "thresholds: 20", output, target, function(target, coarse)
        output, target = multilabel(rng)
        yield name, "multilabel", "", output, target, function(target, output, average="macro")
        output, target = multiclass(rng)
        inside = label_binarize(target, classes=range(C))
        for average in ("macro", "weighted", "none"):
            value = function(inside, probabilities(output),
                             average=None if average == "none" else average)
            yield name, f"classes_{average}", f"average: {average}", output, target, value


def probability_cases(rng):
    output, target = multiclass(rng, dtype=np.float64)
    loss = sk.log_loss(target, probabilities(output), labels=range(C))
    yield "perplexity", "logits", "", output, target, math.exp(loss)
    yield "perplexity", "probabilities", "logits: false", probabilities(output), target, math.exp(loss)
    yield ("bits_per_byte", "tokens", "bytes_per_target: 4.5", output, target,
           loss / math.log(2) / 4.5)
    output, target = multiclass(rng)
    p = probabilities(output)
    yield ("brier", "multiclass", "", output, target,
           sk.brier_score_loss(target, p, labels=range(C), scale_by_half=False))
    scores, classes = binary(rng)
    q = expit(scores.astype(np.float64))
    yield "brier", "binary", "", scores, classes, sk.brier_score_loss(classes, q)
    right = p.argmax(1) == target
    for norm in ("l1", "l2", "max"):
        yield ("calibration_error", norm, f"norm: {norm}, num_bins: 10", output, target,
               calibration(p.max(1), right, 10, norm))
    yield ("calibration_error", "binary", "", scores, classes,
           calibration(q, classes, 15, "l1"))


def value_cases(rng):
    output, target = regression(rng, N, 3)
    mask = rng.random((N, 3)) < 0.6
    wide = (target.astype(np.float64), output.astype(np.float64))
    yield "mae", "plain", "", output, target, sk.mean_absolute_error(*wide)
    yield ("mae", "mask", "", output, target,
           sk.mean_absolute_error(wide[0][mask], wide[1][mask]), mask)
    yield "mse", "plain", "", output, target, sk.mean_squared_error(*wide)
    yield ("rmse", "plain", "", output, target,
           sk.root_mean_squared_error(wide[0].ravel(), wide[1].ravel()))
    yield "mape", "plain", "", output, target, sk.mean_absolute_percentage_error(*wide)
    for multioutput in ("uniform_average", "variance_weighted"):
        params = f"multioutput: {multioutput}"
        yield ("r2", multioutput, params, output, target,
               sk.r2_score(*wide, multioutput=multioutput))
        yield ("explained_variance", multioutput, params, output, target,
               sk.explained_variance_score(*wide, multioutput=multioutput))
    columns = [(wide[1][:, c], wide[0][:, c]) for c in range(3)]
    yield ("pearson", "columns", "", output, target,
           np.mean([scipy.stats.pearsonr(*column).statistic for column in columns]))
    output, target = (np.round(values).astype(np.float32) for values in (output, target))
    columns = [(output[:, c], target[:, c]) for c in range(3)]
    yield ("spearman", "ties", "", output, target,
           np.mean([scipy.stats.spearmanr(*column).statistic for column in columns]))
    output, target = regression(rng, N)
    yield ("r2", "vector", "", output, target,
           sk.r2_score(target.astype(np.float64), output.astype(np.float64)))


def write(name, case, params, output, target, value, mask=None):
    tensors = {
        "output": np.ascontiguousarray(output),
        "target": np.ascontiguousarray(target),
        "value": np.atleast_1d(np.asarray(value, np.float64)).ravel(),
    }
    if mask is not None:
        tensors["mask"] = np.ascontiguousarray(mask)
    metadata = {"metric": name, "params": "{" + params + "}", "sklearn": sklearn.__version__}
    save_file(tensors, FOLDER / f"{name}_{case}.safetensors", metadata)


def main():
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.safetensors"):
        path.unlink()
    for cases in (averaged_cases, count_cases, ranking_cases, probability_cases, value_cases):
        for case in cases(np.random.default_rng(zlib.crc32(cases.__name__.encode()))):
            write(*case)


if __name__ == "__main__":
    main()

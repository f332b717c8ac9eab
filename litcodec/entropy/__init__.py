"""Entropy models: how probable a latent is. Floats in training, integer tables once frozen."""

from litcodec.entropy.categorical import CategoricalDensity
from litcodec.entropy.codebook import Codebook, FiniteScalar, SoftToHard
from litcodec.entropy.density_fit import fit_density, log_pmf
from litcodec.entropy.factorized import FactorizedDensity
from litcodec.entropy.fixed_point import FixedPointNet
from litcodec.entropy.gaussian import SCALE_MIN, gaussian_likelihood, scale_table
from litcodec.entropy.logistic import logistic_likelihood
from litcodec.entropy.mixture import Mixture, mixture_likelihood
from litcodec.entropy.mixture_tables import mixture_tables
from litcodec.entropy.quantisation import (
    MixedQuantiser,
    NoiseQuantiser,
    Quantised,
    Quantiser,
    StraightThroughQuantiser,
)
from litcodec.entropy.tables import categorical_tables, factorized_tables, gaussian_tables, scale_thresholds

__all__ = [
    "SCALE_MIN",
    "CategoricalDensity",
    "Codebook",
    "FactorizedDensity",
    "FiniteScalar",
    "FixedPointNet",
    "MixedQuantiser",
    "Mixture",
    "NoiseQuantiser",
    "Quantised",
    "Quantiser",
    "SoftToHard",
    "StraightThroughQuantiser",
    "categorical_tables",
    "factorized_tables",
    "fit_density",
    "gaussian_likelihood",
    "gaussian_tables",
    "log_pmf",
    "logistic_likelihood",
    "mixture_likelihood",
    "mixture_tables",
    "scale_table",
    "scale_thresholds",
]

"""A package of your own, outside litcodec: codecs, an objective, a metric, a baseline, training."""

from mylab.baselines import Gif

__all__ = ["Gif"]

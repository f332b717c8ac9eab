"""CompressAI's names of the models whose weights can be imported.

Imports nothing, so that the command line can offer them at once; ``interchange`` builds them.
"""

COMPRESSAI_MODELS = (
    "bmshj2018-factorized",
    "bmshj2018-hyperprior",
    "mbt2018-mean",
    "mbt2018",
    "cheng2020-anchor",
    "cheng2020-attn",
)

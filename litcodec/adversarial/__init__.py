"""What adversarial training adds: discriminators, their losses, feature matching, a rate target."""

from litcodec.adversarial.discriminator import Discriminator, Judgement
from litcodec.adversarial.feature_matching import feature_matching
from litcodec.adversarial.losses import AdversarialLoss, LeastSquares, NonSaturating, Wasserstein
from litcodec.adversarial.multi_scale import MultiScaleDiscriminator
from litcodec.adversarial.patchgan import PatchDiscriminator
from litcodec.adversarial.rate_target import RateTarget

__all__ = [
    "AdversarialLoss",
    "Discriminator",
    "Judgement",
    "LeastSquares",
    "MultiScaleDiscriminator",
    "NonSaturating",
    "PatchDiscriminator",
    "RateTarget",
    "Wasserstein",
    "feature_matching",
]

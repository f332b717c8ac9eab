"""Models of a codec's latent: likelihoods in training; ``freeze()`` gives the exact coder."""

from litcodec.latent_models.aggregated_groups import AggregatedGroupModel
from litcodec.latent_models.base import CodedGiven, CodedLatents, ConditionalModel, LatentModel, Latents
from litcodec.latent_models.centres import CentresModel
from litcodec.latent_models.channel_groups import ChannelGroupModel
from litcodec.latent_models.codebook import CodebookModel, ScaledCodebookModel
from litcodec.latent_models.context import ContextModel
from litcodec.latent_models.context_mixture import ContextMixtureModel
from litcodec.latent_models.factorized import FactorizedModel
from litcodec.latent_models.gaussian import GaussianModel
from litcodec.latent_models.grouped import GroupedModel
from litcodec.latent_models.hyperprior import HyperpriorModel
from litcodec.latent_models.refined_groups import RefinedGroupModel
from litcodec.latent_models.volume import VolumeModel

__all__ = [
    "AggregatedGroupModel",
    "CentresModel",
    "ChannelGroupModel",
    "CodebookModel",
    "CodedGiven",
    "CodedLatents",
    "ConditionalModel",
    "ContextMixtureModel",
    "ContextModel",
    "FactorizedModel",
    "GaussianModel",
    "GroupedModel",
    "HyperpriorModel",
    "LatentModel",
    "Latents",
    "RefinedGroupModel",
    "ScaledCodebookModel",
    "VolumeModel",
]

"""The networks that predict a mean and a scale for every latent.

Minnen, Ballé, Toderici, "Joint autoregressive and hierarchical priors for learned image compression", NeurIPS
2018. https://arxiv.org/abs/1809.02736
"""

from torch import nn

from litcodec.layers import conv, deconv


def mean_scale_hyper_analysis(*, N: int, M: int) -> nn.Sequential:
    """h_a: y (B, M, h, w) -> z (B, N, h/4, w/4)."""
    return nn.Sequential(
        conv(M, N, kernel_size=3, stride=1),
        nn.LeakyReLU(inplace=True),
        conv(N, N),
        nn.LeakyReLU(inplace=True),
        conv(N, N),
    )


def mean_scale_hyper_synthesis(*, N: int, M: int) -> nn.Sequential:
    """h_s: z_hat (B, N, h/4, w/4) -> (scales_hat, means_hat) stacked, (B, 2M, h, w)."""
    return nn.Sequential(
        deconv(N, M),
        nn.LeakyReLU(inplace=True),
        deconv(M, M * 3 // 2),
        nn.LeakyReLU(inplace=True),
        conv(M * 3 // 2, M * 2, kernel_size=3, stride=1),
    )


def entropy_parameters(*, M: int, per_channel: int = 2) -> nn.Sequential:
    """Outputs of h_s and of the context (B, 4M, h, w) -> ``per_channel`` parameters for each channel.

    (scales_hat, means_hat) stacked, (B, 2M, h, w), by default.
    """
    return nn.Sequential(
        conv(M * 4, M * 10 // 3, kernel_size=1, stride=1),
        nn.LeakyReLU(inplace=True),
        conv(M * 10 // 3, M * 8 // 3, kernel_size=1, stride=1),
        nn.LeakyReLU(inplace=True),
        conv(M * 8 // 3, M * per_channel, kernel_size=1, stride=1),
    )

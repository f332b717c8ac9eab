"""``litcodec codecs``: the packaged codecs with their rates, quality and training."""

import json
from pathlib import Path

from litcodec.zoo import Card, packaged_cards


def list_codecs(*, as_json: bool) -> int:
    """Print every packaged codec, the default first."""
    for card in packaged_cards():
        if as_json:
            print(json.dumps({**_as_dict(card), "file": str(card.file)}))
        else:
            _print_card(card)
    return 0


def _print_card(card: Card) -> None:
    training = card.training
    about = " (default)" if card.default else " (decodes older streams only)" if card.decoder_only else ""
    print(card.name + about)
    size = f"{card.parameters / 1e6:.1f} M" if card.parameters >= 1e6 else f"{card.parameters:,}"
    rows = (
        ("codec", f"{card.codec}, {size} parameters"),
        *_figures(card),
        ("trained", f"{training.steps:,} steps, {training.core_hours:.1f} core hours, {training.device}"),
        ("recipe", training.config),
        ("photographs", f"{training.photographs}: {', '.join(training.licences)}"),
        ("fingerprint", card.fingerprint),
        ("file", f"{card.file} ({card.file.stat().st_size / 1e6:.1f} MB)"),
        ("model card", str(card.file.with_suffix(".md"))),
    )
    for name, value in rows:
        print(f"  {name:<16}  {value}")


def _figures(card: Card) -> list[tuple[str, str]]:
    kodak, lossless = card.kodak, card.lossless
    found = []
    if card.lmbda is not None:
        found.append(("lmbda", f"{card.lmbda[0]:g} (q 1) to {card.lmbda[1]:g} (q 100)"))
    if kodak is not None:
        found += [
            ("rates, Kodak", f"{kodak.bpp[0]:.2f} to {kodak.bpp[1]:.2f} bpp"),
            ("quality, Kodak", f"{kodak.psnr_rgb[0]:.1f} to {kodak.psnr_rgb[1]:.1f} dB PSNR"),
            ("BD-rate, PSNR", _against(kodak.bd_rate_psnr)),
            ("BD-rate, MS-SSIM", _against(kodak.bd_rate_ms_ssim)),
        ]
    if lossless is not None:
        others = ", ".join(f"{bits:.3f} of {name}" for name, bits in lossless.baselines.items())
        found += [
            ("lossless, Kodak", f"{lossless.bits_per_sub_pixel:.3f} bits per sub-pixel; {others}"),
            ("seconds", f"{lossless.encode_s:.1f} to compress, {lossless.decode_s:.1f} to decompress"),
        ]
    return found


def _against(rates: dict[str, float]) -> str:
    return ", ".join(f"{rate:+.1f} % against {name}" for name, rate in rates.items())


def _as_dict(card: Card) -> dict[str, object]:
    plain = card._asdict()
    for part in ("kodak", "lossless", "training"):
        found = getattr(card, part)
        plain[part] = None if found is None else found._asdict()
    return {key: value for key, value in plain.items() if value is not None and not isinstance(value, Path)}

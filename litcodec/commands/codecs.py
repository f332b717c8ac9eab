"""``litcodec codecs``: the packaged codecs, and what is known of them."""

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
    kodak, training = card.kodak, card.training
    print(card.name + (" (default)" if card.default else ""))
    rows = (
        ("codec", f"{card.codec}, {card.parameters / 1e6:.1f} M parameters"),
        ("lmbda", f"{card.lmbda[0]:g} (q 1) to {card.lmbda[1]:g} (q 100)"),
        ("rates, Kodak", f"{kodak.bpp[0]:.2f} to {kodak.bpp[1]:.2f} bpp"),
        ("quality, Kodak", f"{kodak.psnr_rgb[0]:.1f} to {kodak.psnr_rgb[1]:.1f} dB PSNR"),
        ("BD-rate, PSNR", _against(kodak.bd_rate_psnr)),
        ("BD-rate, MS-SSIM", _against(kodak.bd_rate_ms_ssim)),
        ("trained", f"{training.steps:,} steps, {training.core_hours:.1f} core hours, {training.device}"),
        ("recipe", training.config),
        ("photographs", f"{training.photographs}: {', '.join(training.licences)}"),
        ("fingerprint", card.fingerprint),
        ("file", f"{card.file} ({card.file.stat().st_size / 1e6:.1f} MB)"),
        ("model card", str(card.file.with_suffix(".md"))),
    )
    for name, value in rows:
        print(f"  {name:<16}  {value}")


def _against(rates: dict[str, float]) -> str:
    return ", ".join(f"{rate:+.1f} % against {name}" for name, rate in rates.items())


def _as_dict(card: Card) -> dict[str, object]:
    plain = card._asdict()
    plain.update(kodak=card.kodak._asdict(), training=card.training._asdict())
    return {key: value for key, value in plain.items() if not isinstance(value, Path)}

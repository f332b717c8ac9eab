"""The summary that ``litcodec fit`` prints at its end."""

import math
from pathlib import Path

import lightning as L

# Logged key -> what it is called, digits, unit.
SHOWN = (
    ("val/bpp", "rate", 4, "bpp"),
    ("val/psnr", "PSNR", 2, "dB"),
    ("val/ms_ssim", "MS-SSIM", 4, ""),
    ("val/ms_ssim_db", "MS-SSIM", 2, "dB"),
)


def summary_of(trainer: L.Trainer, run_folder: Path, checkpoint: Path) -> list[str]:
    """Lines: the last validation's figures of real bytes, where the run lies, the next command."""
    metrics = {key: float(value) for key, value in trainer.callback_metrics.items()}
    shown = [
        f"{name} {metrics[key]:.{digits}f} {unit}".rstrip()
        for key, name, digits, unit in SHOWN
        if math.isfinite(metrics.get(key, math.nan))
    ]
    lines = [f"trained to step {trainer.global_step:,}"]
    if shown:
        lines.append(f"real bytes of the validation images, when last validated: {', '.join(shown)}")
    else:
        lines.append("no figures of real bytes: litcodec.callbacks.RDPoints measures them at each validation")
    page = run_folder / "report.html"
    if page.exists():
        lines.append(f"report:      {page}")
    if checkpoint.exists():
        lines.append(f"checkpoint:  {checkpoint}")
        lines.append(f"next:        litcodec export {checkpoint} codec.safetensors")
    return lines

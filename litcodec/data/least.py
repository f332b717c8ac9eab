"""The least value of every numeric option of a datamodule."""

LEAST = {
    "patch_size": 1,
    "batch_size": 1,
    "crops_per_image": 1,
    "steps_per_epoch": 1,
    "num_workers": 0,
    "cache_mb": 0,
    "seed": 0,
    "val_limit": 1,
    "max_pixels": 1,
}


def below_least(name: str, value: int | None) -> str | None:
    """What is wrong with the value of an option; None if nothing is, or if it is not given."""
    if value is None or value >= LEAST[name]:
        return None
    return f"{name} must be at least {LEAST[name]}; got {value}."

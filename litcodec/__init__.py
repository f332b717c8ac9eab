"""litcodec: learned image compression with PyTorch Lightning."""

__version__ = "0.1.0"

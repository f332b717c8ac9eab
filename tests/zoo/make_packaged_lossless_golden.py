"""Make the golden stream of the packaged lossless codec, if it has none: a part of a photograph held back."""

from pathlib import Path

from make_packaged_golden import heldback

from litcodec.codec_files import load_codec
from litcodec.data import read_image
from litcodec.frozen import to_stream
from litcodec.zoo import lossless_card

if __name__ == "__main__":
    card = lossless_card()
    path = Path(__file__).with_name(f"{card.name}.litc")
    if path.exists():
        raise SystemExit(f"{path} is there; a packaged codec never changes. Give the new one a name.")
    x = read_image(heldback()[1])[None, :, 100:300, 200:400].float() / 255
    path.write_bytes(to_stream(load_codec(card.file), x))

"""Ways to damage a pair of image and mask, each with the kind of finding that has to name it."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (48, 64)


def picture(seed, size=SIZE):
    """A colour picture unlike any of another seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC))


def disc(size=SIZE, value=1):
    rows, columns = np.ogrid[: size[0], : size[1]]
    inside = (rows - size[0] / 2) ** 2 + (columns - size[1] / 2) ** 2 < (min(size) / 3) ** 2
    return (inside * value).astype(np.uint8)


class Pair:
    """Where the files of one sample go; `save` writes both, whole by default."""

    def __init__(self, folder, name, seed):
        self.folder, self.name, self.seed = Path(folder), name, seed
        self.pixels = picture(seed)

    def path(self, part, suffix):
        return self.folder / part / f"{self.name}{suffix}"

    def save_image(self, pixels=None, suffix=".png", **options):
        pixels = self.pixels if pixels is None else pixels
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        image.save(self.path("images", suffix), **options)
        return self.path("images", suffix)

    def save_mask(self, pixels=None, suffix=".png", **options):
        pixels = disc() if pixels is None else pixels
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        image.save(self.path("masks", suffix), **options)
        return self.path("masks", suffix)

    def save(self, image=None, mask=None):
        self.save_image(image)
        self.save_mask(mask)


def cut(path, share=0.5):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def bomb(path):
    """A PNG whose header promises far more pixels than its few bytes hold."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b""))


def _image_bytes(content):
    def damage(pair):
        pair.path("images", ".jpg").write_bytes(content)
        pair.save_mask()

    return damage


def _truncated_image(suffix, share=0.5, **options):
    def damage(pair):
        cut(pair.save_image(suffix=suffix, **options), share)
        pair.save_mask()

    return damage


def _image(convert, suffix=".png", **options):
    def damage(pair):
        pair.save_image(convert(pair.pixels), suffix, **options)
        pair.save_mask()

    return damage


def _mask(make, suffix=".png", **options):
    def damage(pair):
        pair.save_image()
        pair.save_mask(make(), suffix, **options)

    return damage


def _exif(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def corrupted_png(pair):
    path = pair.save_image()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    pair.save_mask()


def header_only(pair):
    path = pair.save_image(suffix=".jpg")
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"\xff\xda")])
    pair.save_mask()


def rotated_image_raw_mask(pair):
    pair.save_image(suffix=".jpg", exif=_exif(6))
    pair.save_mask()


def upside_down_image(pair):
    pair.save_image(suffix=".jpg", exif=_exif(3))
    pair.save_mask()


def image_link(pair):
    pair.path("images", ".png").symlink_to(pair.folder / "nowhere.png")
    pair.save_mask()


def mask_link(pair):
    pair.save_image()
    pair.path("masks", ".png").symlink_to(pair.folder / "nowhere.png")


def image_folder(pair):
    pair.path("images", ".png").mkdir()
    pair.save_mask()


def no_mask(pair):
    pair.save_image()


def no_image(pair):
    pair.save_mask()


def second_image(pair):
    pair.save()
    pair.save_image(picture(pair.seed + 1000), suffix=".webp", lossless=True)


def bomb_image(pair):
    bomb(pair.path("images", ".png"))
    pair.save_mask()


def bomb_mask(pair):
    pair.save_image()
    bomb(pair.path("masks", ".png"))


def truncated_mask(pair):
    pair.save_image()
    noise = np.random.default_rng(0).integers(0, 2, SIZE, dtype=np.uint8)
    cut(pair.save_mask(noise))


def text_mask(pair):
    pair.save_image()
    pair.path("masks", ".png").write_text("not an image")


def jpeg_mask(pair):
    pair.save_image()
    pair.save_mask(disc(value=255), ".jpg", quality=60)


def antialiased(pair):
    pair.save_image()
    large = Image.fromarray(disc((192, 256), 255))
    pair.save_mask(large.resize(SIZE[::-1], Image.Resampling.BICUBIC))


def wrong_suffix(pair):
    buffer = io.BytesIO()
    Image.fromarray(pair.pixels).save(buffer, "PNG")
    _image_bytes(buffer.getvalue())(pair)


def several_frames(pair):
    frames = [Image.fromarray(picture(pair.seed + i)).quantize() for i in (0, 500)]
    frames[0].save(
        pair.path("images", ".gif"), save_all=True, append_images=frames[1:], duration=100
    )
    pair.save_mask()


def of_size(size):
    def damage(pair):
        pair.save(picture(pair.seed, size), disc(size))

    return damage


def _as(mode):
    return lambda pixels: Image.fromarray(pixels).convert(mode)


def _deep(pixels):
    return pixels[..., 0].astype(np.uint16) * 257


def _transparent(pixels):
    return np.dstack([pixels, disc(value=255)])


def _numbered():
    return np.repeat(np.arange(64, dtype=np.uint8)[None] // 8, 48, axis=0)


def _colored():
    return np.where(disc()[..., None] > 0, np.uint8([255, 0, 0]), np.uint8([0, 0, 255]))


DAMAGES = {
    "empty-image": (_image_bytes(b""), "unreadable"),
    "text-image": (_image_bytes(b"hello, I am no image"), "unreadable"),
    "web-page": (_image_bytes(b"<!DOCTYPE html><html>404 not found</html>"), "unreadable"),
    "lfs-pointer": (_image_bytes(b"version https://git-lfs.github.com/spec/v1\n"), "unreadable"),
    "zero-bytes": (_image_bytes(bytes(4096)), "unreadable"),
    "image-folder": (image_folder, "unreadable"),
    "truncated-jpeg": (_truncated_image(".jpg", quality=95), "damaged"),
    "truncated-jpeg-end": (_truncated_image(".jpg", 0.9, quality=95), "damaged"),
    "truncated-png": (_truncated_image(".png"), "damaged"),
    "truncated-bmp": (_truncated_image(".bmp"), "damaged"),
    "truncated-gif": (_truncated_image(".gif"), "damaged"),
    "truncated-tiff": (_truncated_image(".tif", compression="tiff_lzw"), "damaged"),
    "truncated-webp": (_truncated_image(".webp"), "damaged"),
    "corrupted-png": (corrupted_png, "damaged"),
    "header-only-jpeg": (header_only, "damaged"),
    "dangling-image": (image_link, "dangling link"),
    "dangling-mask": (mask_link, "dangling link"),
    "no-mask": (no_mask, "no partner"),
    "no-image": (no_image, "no partner"),
    "two-images": (second_image, "no partner"),
    "bomb-image": (bomb_image, "too large"),
    "bomb-mask": (bomb_mask, "too large"),
    "mask-size": (_mask(lambda: disc((47, 64))), "size"),
    "mask-transposed": (_mask(lambda: disc((64, 48))), "size"),
    "exif-raw-mask": (rotated_image_raw_mask, "mask not rotated"),
    "truncated-mask": (truncated_mask, "damaged"),
    "text-mask": (text_mask, "unreadable"),
    "mask-ids": (_mask(lambda: disc(value=7)), "unknown ids"),
    "numbered-mask": (_mask(_numbered), "unknown ids"),
    "deep-ids": (_mask(lambda: disc().astype(np.uint16) * 40_000), "unknown ids"),
    "white-mask": (_mask(lambda: disc(value=255)), "mixed 0/255"),
    "jpeg-mask": (jpeg_mask, "smoothed mask"),
    "antialiased-mask": (antialiased, "smoothed mask"),
    "color-mask": (_mask(_colored), "color mask"),
    "float-mask": (_mask(lambda: disc().astype(np.float32) * 0.7, ".tif"), "float mask"),
    "empty-mask": (_mask(lambda: disc(value=0)), "empty mask"),
    "all-255-mask": (_mask(lambda: np.full(SIZE, 255, np.uint8)), "mixed 0/255"),
    "exif-turned": (upside_down_image, "exif"),
    "deep-image": (_image(_deep), "deep"),
    "deep-dark-image": (_image(lambda pixels: _deep(pixels) // 64), "deep"),
    "palette-image": (_image(lambda pixels: Image.fromarray(pixels).quantize()), "palette"),
    "cmyk-image": (_image(_as("CMYK"), ".jpg"), "cmyk"),
    "grey-image": (_image(_as("L")), "grey"),
    "alpha-image": (_image(_transparent), "alpha"),
    "several-frames": (several_frames, "frames"),
    "wrong-suffix": (wrong_suffix, "suffix"),
    "extreme-aspect": (of_size((40, 400)), "aspect"),
    "tiny-image": (of_size((12, 16)), "tiny"),
    "blank-image": (_image(lambda pixels: pixels * 0 + 9), "blank"),
}
"""Name of the damage to a function that writes the pair, and the kind of the finding."""

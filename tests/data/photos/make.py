#!/usr/bin/env python3
"""Makes the photos in this folder and what Pillow makes of them: NAME.jpg or .png, NAME.npy (height, width, RGB). Needs
Pillow and NumPy; the files are kept, so that the tests do not."""
import pathlib
import numpy
from PIL import Image

folder = pathlib.Path(__file__).parent
rng = numpy.random.default_rng(1)
# Low frequencies and a little noise, as photos have; 13 x 18 so that no block of 8 or 16 is whole.
y, x = numpy.mgrid[0:13, 0:18]
planes = [127 + 100 * numpy.sin(0.5 * x + 0.3 * y + c) + rng.normal(0, 8, x.shape) for c in range(4)]
pixels = numpy.clip(numpy.stack(planes, -1), 0, 255).astype(numpy.uint8)
rgb = Image.fromarray(pixels[..., :3])


def keep(name, image, **options):
    image.save(folder / name, **options)
    expect(name.split(".")[0], Image.open(folder / name).convert("RGB"))


def expect(name, image):
    numpy.save(folder / f"{name}.npy", numpy.ascontiguousarray(numpy.asarray(image)))


keep("rgb.jpg", rgb, quality=85)
keep("progressive.jpg", rgb, quality=70, progressive=True, subsampling=0)
keep("grey.jpg", rgb.convert("L"), quality=85)
keep("cmyk.jpg", Image.fromarray(pixels, "CMYK"), quality=85)
keep("plain.png", rgb)
keep("rgba.png", Image.fromarray(pixels, "RGBA"))
keep("palette.png", rgb.quantize(16))
keep("one_bit.png", rgb.convert("1"))
deep = pixels[..., 0].astype(numpy.uint16) * 256 + pixels[..., 1]
Image.fromarray(deep).save(folder / "deep.png")
expect("deep", numpy.repeat(pixels[..., :1], 3, -1))  # Pillow itself clips 16 bits at 255 here

photo = Image.open(folder / "rgb.jpg").convert("RGB")
expect("luma", photo.convert("L"))
for name, filter in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
    expect(f"{name}_smaller", photo.resize((7, 5), filter))
    expect(f"{name}_larger", photo.resize((31, 23), filter))
    expect(f"{name}_mixed", photo.resize((7, 20), filter))
# torchvision: Resize(9), CenterCrop((6, 7)); round() is Python's.
short = photo.resize((int(9 * 18 / 13), 9), Image.BILINEAR)
top, left = int(round((9 - 6) / 2)), int(round((short.width - 7) / 2))
expect("resized_and_cropped", short.crop((left, top, left + 7, top + 6)))

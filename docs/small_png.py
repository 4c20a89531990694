"""Screenshots as PNGs of at most 256 colours, which take a third of the room. The browser decodes and counts."""

import base64
import struct
import zlib
from typing import Any

_COUNT = """async source => {
  const blob = new Blob([Uint8Array.from(atob(source), letter => letter.charCodeAt(0))]);
  const picture = await createImageBitmap(blob);
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(picture, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
  const colours = [...counts].sort((one, other) => other[1] - one[1] || one[0] - other[0]).map(([colour]) => colour);
  const parts = colour => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
  const apart = (one, other) => Math.max(...one.map((value, at) => Math.abs(value - other[at])));
  // The commonest colours that are not too near to each other; nearness grows until they are few enough.
  let palette = [];
  for (let near = 0; near === 0 || palette.length > 256; near = near ? near * 1.25 : 1) {
    palette = [];
    for (const colour of colours.map(parts)) {
      if (near === 0 || palette.every(taken => apart(taken, colour) > near)) palette.push(colour);
      if (palette.length > 256) break;
    }
  }
  const nearest = new Map(colours.map(colour => {
    const distances = palette.map(taken => apart(taken, parts(colour)));
    return [colour, distances.indexOf(Math.min(...distances))];
  }));
  const indexes = Uint8Array.from(pixels, pixel => nearest.get(pixel));
  let text = "";
  for (let at = 0; at < indexes.length; at += 32768) {
    text += String.fromCharCode(...indexes.subarray(at, at + 32768));
  }
  return [width, height, palette, btoa(text)];
}"""


def small_png(picture: bytes, browser: Any) -> bytes:
    """The picture with a palette; a colour that is not in it becomes its nearest, a few steps of 255 away.

    Args:
        picture: a PNG without transparency.
        browser: playwright's.
    """
    page = browser.new_page()
    width, height, palette, text = page.evaluate(_COUNT, base64.b64encode(picture).decode())
    page.close()
    indexes = base64.b64decode(text)
    rows = b"".join(b"\0" + indexes[at : at + width] for at in range(0, len(indexes), width))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(value for colour in palette for value in colour)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    made = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return min(b"\x89PNG\r\n\x1a\n" + made, picture, key=len)

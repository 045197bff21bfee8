// Prepares a picture that exists only in this browser for display: rotated as its EXIF data says,
// and as blocks if the mosaic is on.

import * as settings from "../base/settings.js";

const BLOCKS = 12; // along the longer side
const SIDE = 480; // pixels of the longer side of the mosaic

/**
 * @param {Blob} blob
 * @returns {Promise<?{src: string, width: number, height: number}>} null if the browser cannot
 *   show the picture (HEIC, TIFF), though the server may read it; width and height are those of
 *   the picture; call `URL.revokeObjectURL(src)` when done
 */
export async function localPicture(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
  const { width, height } = bitmap;
  const shown = settings.get("mosaic") ? await blocks(bitmap) : blob;
  bitmap.close();
  return { src: URL.createObjectURL(shown), width, height };
}

/**
 * Draws a tiny picture, then enlarges it without smoothing.
 * @param {ImageBitmap} bitmap
 * @returns {Promise<Blob>}
 */
function blocks(bitmap) {
  const longer = Math.max(bitmap.width, bitmap.height);
  const small = canvas(bitmap, BLOCKS / longer);
  small.context.imageSmoothingQuality = "high";
  small.context.drawImage(bitmap, 0, 0, small.element.width, small.element.height);
  const large = canvas(bitmap, SIDE / longer);
  large.context.imageSmoothingEnabled = false;
  large.context.drawImage(small.element, 0, 0, large.element.width, large.element.height);
  return new Promise((resolve, reject) => {
    large.element.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("The browser cannot write a picture"));
    }, "image/png");
  });
}

/**
 * @param {{width: number, height: number}} size
 * @param {number} scale
 */
function canvas({ width, height }, scale) {
  const element = document.createElement("canvas");
  element.width = Math.max(1, Math.round(width * scale));
  element.height = Math.max(1, Math.round(height * scale));
  const context = element.getContext("2d");
  if (!context) throw new Error("The browser cannot draw");
  return { element, context };
}

// What can be done with the shown image: the same actions, questions and undo as for selected images.

import { isAbort, messageOf } from "../base/api.js";
import { toast } from "../base/dom.js";
import * as format from "../base/format.js";
import { giveLabel } from "../selection/actions.js";
import { askForLabel } from "../selection/label_dialog.js";
import { openTrash } from "../selection/trash.js";

/** @import { ImageDocument } from "../base/api_types.js" */

/**
 * Asks for a label and gives it to the image.
 * @param {ImageDocument} image
 * @param {AbortSignal} signal
 */
export async function labelImage({ id, name }, signal) {
  const label = await askForLabel(name, signal);
  if (!label) return;
  try {
    await giveLabel({ ids: [id] }, label);
  } catch (error) {
    if (!isAbort(error)) toast(format.capitalise(messageOf(error)));
  }
}

/**
 * Asks whether the image shall go to the trash, and moves it.
 * @param {ImageDocument} image
 * @param {{signal: AbortSignal, onundone: () => void}} options onundone: called after an undo
 * @returns {Promise<boolean>} whether it was moved
 */
export const trashImage = ({ id }, options) => openTrash({ ids: [id] }, 1, { ...options,
  onended: (error) => toast(format.capitalise(messageOf(error))) });

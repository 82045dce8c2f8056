// The app's modal: one dialog that follows what the server says is open for this person.
import { add, el, held } from "./dom.js";
import { blocks } from "./blocks.js";
import { valueIn } from "./elements.js";
import { plain } from "./mrkdwn.js";

let dialog = null;
let shown = "";

const inputsOf = (view) => view.blocks.filter((block) => block.type === "input");

function read(view) {
  const values = {};
  for (const block of inputsOf(view)) {
    const node = dialog.querySelector(`[data-input="${CSS.escape(block.block_id)}"]`);
    if (node) values[block.block_id] = valueIn(node, block.element);
  }
  return values;
}

function draw(view, desk) {
  const ctx = { ...desk.ctx(view.id), state: view.state, errors: view.errors };
  const trouble = el("p", { class: "error", role: "alert" });
  const form = el("form", { novalidate: true, class: "stack", onsubmit: async (event) => {
    event.preventDefault();
    trouble.textContent = "";
    const reply = await desk.act({ action: "submit", target: view.id, values: read(view) });
    if (reply?.said) trouble.textContent = reply.said;
  } },
  el("h2", {}, plain(view.title || "")),
  blocks(view.blocks, ctx),
  trouble,
  el("div", { class: "row end" },
    el("button", { type: "button", onclick: () => desk.act({ action: "close", target: view.id }) }, plain(view.close || "Close")),
    view.submit && el("button", { type: "submit", class: "primary" }, plain(view.submit))));
  return form;
}

/** Open, redraw or close the dialog. What was typed survives a redraw of the same view. */
export function showModal(view, desk) {
  if (!view) {
    dialog?.close();
    return;
  }
  const mark = JSON.stringify([view.id, view.hash, view.errors]);
  if (dialog && (shown === mark || held(dialog))) return;
  const typed = dialog?.dataset.view === view.id ? remember() : new Map();
  if (!dialog) {
    dialog = el("dialog", { class: "dialog modal" });
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); desk.act({ action: "close", target: dialog.dataset.view }); });
    dialog.addEventListener("close", () => { dialog.remove(); dialog = null; });
    document.body.append(dialog);
  }
  shown = mark;
  dialog.dataset.view = view.id;
  dialog.replaceChildren();
  add(dialog, [draw(view, desk)]);
  for (const [id, value] of typed) {
    const node = dialog.querySelector(`#${CSS.escape(id)}`);
    if (node && "value" in node) node.value = value;
  }
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[aria-invalid=true]")?.focus();
}

function remember() {
  return new Map([...dialog.querySelectorAll("[data-input]")].filter((node) => "value" in node && !node.multiple).map((node) => [node.id, node.value]));
}

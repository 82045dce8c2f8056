// Building the document. Everything that is shown goes through text nodes; nothing is ever parsed as markup.

/** Make an element. Functions become listeners (`onclick`), true an empty attribute; null and false are left out. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

export function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export const byId = (id) => document.getElementById(id);

const marks = new WeakMap();
export const forget = (node) => marks.delete(node);

/** What can be unfolded: drawn anew it stays so, and its summary keeps the focus. `name` is the only such on the page. */
export const fold = (name, props, summary, ...inside) =>
  el("details", { "data-fold": name, ...props }, el("summary", { "data-key": `fold-${name}` }, summary), inside);

// As it is at the very moment of drawing anew: an event that tells of it ("toggle") comes after a click, and maybe too late.
const unfolded = new Set();
const folds = (node) => [...node.querySelectorAll("details[data-fold]")];
const noteFolds = (node) => folds(node).forEach((one) => (one.open ? unfolded.add(one.dataset.fold) : unfolded.delete(one.dataset.fold)));
const unfold = (node) => folds(node).forEach((one) => { one.open = unfolded.has(one.dataset.fold); });

// A press that begins on one row and ends on the one drawn in its place is no click at all: what is pressed stays until it is let go.
let pressed = null;
let behind = false;
let catchUp = () => {};
export const whenLetGo = (draw) => { catchUp = draw; };
const letGo = () => { pressed = null; if (behind) { behind = false; catchUp(); } };
addEventListener("pointerdown", (event) => { pressed = event.target; }, true);
addEventListener("keydown", (event) => { if (event.key === " ") pressed = event.target; }, true); // presses when it comes up
addEventListener("keyup", (event) => { if (event.key === " ") setTimeout(letGo); });
for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => setTimeout(letGo)); // after the click itself

/** Whether something in there is pressed: then it is to be left as it is, and is asked for again when it is let go. */
export function held(node) {
  if (!pressed || !node.contains(pressed)) return false;
  behind = true;
  return true;
}

/** Replace children only when what they are made of changed: keeps focus, open menus and scroll positions. */
export function keep(node, data, make) {
  const mark = JSON.stringify(data);
  if (marks.get(node) === mark) return false;
  if (held(node)) return false;
  marks.set(node, mark);
  const focused = node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  noteFolds(node);
  node.replaceChildren(...[make()].flat(Infinity).filter(Boolean));
  unfold(node);
  if (focused) [...node.querySelectorAll("[data-key]")].find((one) => one.dataset.key === focused)?.focus({ preventScroll: true });
  return true;
}

let hiding;
export function toast(text) {
  const box = byId("toast");
  clearTimeout(hiding);
  box.textContent = text;
  box.hidden = false;
  hiding = setTimeout(() => { box.hidden = true; }, 7000);
}

/** Open a dialog and resolve with what its closing button stands for, or null. */
export function ask(make) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { class: "dialog" });
    const done = (answer) => { dialog.close(); resolve(answer); };
    add(dialog, [make(done)]);
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); done(null); });
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Ask for one or several values; resolves with {name: value} or null. */
export function askFor(title, fields, submit) {
  return ask((done) => {
    const form = el("form", { method: "dialog", class: "stack", onsubmit: (event) => {
      event.preventDefault();
      done(Object.fromEntries(new FormData(form)));
    } },
    el("h2", {}, title),
    fields.map((field) => el("label", { class: "field" }, field.label, el("input", { required: true, ...field.input }))),
    el("div", { class: "row end" },
      el("button", { type: "button", onclick: () => done(null) }, "Cancel"),
      el("button", { type: "submit", class: "primary" }, submit)));
    return form;
  });
}

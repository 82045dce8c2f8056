// What a person can use inside a block: buttons, menus, pickers, inputs.
import { add, ask, el } from "./dom.js";
import { textOf } from "./blocks.js";
import { plain } from "./mrkdwn.js";

const SAFE = /^(?:https?|mailto):/i;
const words = (text) => (text ? text.text : "");

/** Slack's confirm dialog; resolves true when the person goes on. */
async function confirmed(confirm, ctx) {
  if (!confirm) return true;
  const answer = await ask((done) => el("div", { class: "stack" },
    el("h2", {}, plain(confirm.title.text)),
    el("div", {}, textOf(confirm.text, ctx.names)),
    el("div", { class: "row end" },
      el("button", { type: "button", onclick: () => done(null) }, plain(confirm.deny.text)),
      el("button", { type: "button", class: confirm.style === "danger" ? "danger" : "primary", autofocus: true,
        onclick: () => done(true) }, plain(confirm.confirm.text)))));
  return answer === true;
}

async function use(blockId, element, value, ctx) {
  if (await confirmed(element.confirm, ctx)) await ctx.press(blockId, element, value);
}

function button(blockId, element, ctx) {
  const props = {
    class: `button ${element.style || ""}`,
    "aria-label": element.accessibility_label,
    "data-key": `${blockId}/${element.action_id}`,
  };
  if (element.url && SAFE.test(element.url)) {
    return el("a", { ...props, href: element.url, target: "_blank", rel: "noopener noreferrer",
      onclick: () => ctx.press(blockId, element, null) }, plain(element.text.text));
  }
  return el("button", { ...props, type: "button", onclick: async (event) => {
    const pressed = event.currentTarget;
    pressed.setAttribute("aria-busy", "true");
    try { await use(blockId, element, null, ctx); } finally { pressed.removeAttribute("aria-busy"); }
  } }, plain(element.text.text));
}

function overflow(blockId, element, ctx) {
  const menu = el("details", { class: "overflow" },
    el("summary", { "aria-label": "More actions", "data-key": `${blockId}/${element.action_id}` }, "⋯"));
  const items = element.options.map((option) => el("button", { type: "button", onclick: () => {
    menu.open = false;
    if (option.url && SAFE.test(option.url)) window.open(option.url, "_blank", "noopener");
    use(blockId, element, option.value, ctx);
  } }, plain(option.text.text)));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.firstChild.focus();
  });
  return add(menu, [el("div", { class: "menu" }, items)]);
}

const optionsOf = (element, ctx) => {
  if (element.type.includes("users")) return ctx.people.map((one) => [one.id, one.name]);
  if (/conversations|channels/.test(element.type)) return ctx.channels.map((one) => [one.id, `#${one.name}`]);
  const groups = element.option_groups || [{ options: element.options || [] }];
  return groups.flatMap((group) => group.options.map((option) => [option.value, words(option.text)]));
};

function chosenOf(state = {}) {
  const value = Object.entries(state).find(([name]) => name !== "type")?.[1];
  if (Array.isArray(value)) return value.map((one) => one.value ?? one);
  return value?.value ?? value ?? "";
}

function menu(element, ctx, state, props) {
  const many = element.type.startsWith("multi_");
  const chosen = [chosenOf(state)].flat();
  return el("select", { ...props, multiple: many },
    !many && el("option", { value: "" }, words(element.placeholder) || "Choose…"),
    optionsOf(element, ctx).map(([value, label]) => el("option", { value, selected: chosen.includes(value) }, label)));
}

function ticks(element, state, props, name) {
  const chosen = [chosenOf(state)].flat();
  const type = element.type === "checkboxes" ? "checkbox" : "radio";
  return el("div", { ...props, class: "stack tight", role: type === "radio" ? "radiogroup" : "group" },
    element.options.map((option) => el("label", { class: "tick" },
      el("input", { type, name, value: option.value, checked: chosen.includes(option.value) }),
      el("span", {}, words(option.text), option.description && el("span", { class: "quiet small" }, ` ${words(option.description)}`)))));
}

const NATIVE = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local", email_text_input: "email",
  url_text_input: "url", number_input: "number" };

function box(element, state, props) {
  const common = { ...props, placeholder: words(element.placeholder) || null, maxlength: element.max_length };
  const value = chosenOf(state);
  if (element.multiline) return el("textarea", { ...common, rows: 4 }, value);
  return el("input", { ...common, type: NATIVE[element.type] || "text", step: element.is_decimal_allowed ? "any" : null, value });
}

function bare(blockId, element, ctx, props) {
  const state = ctx.state?.[blockId]?.[element.action_id];
  if (element.type.includes("select")) return menu(element, ctx, state, props);
  if (["checkboxes", "radio_buttons"].includes(element.type)) return ticks(element, state, props, `${blockId}/${element.action_id}`);
  return box(element, state, props);
}

/** Read what stands in a control: the plain value the desk's server expects. */
export function valueIn(node, element) {
  if (node.matches("[role=radiogroup]")) return node.querySelector("input:checked")?.value ?? null;
  if (node.matches("[role=group]")) return [...node.querySelectorAll("input:checked")].map((one) => one.value);
  if (node.multiple) return [...node.selectedOptions].map((one) => one.value);
  if (element.type === "datetimepicker") return node.value ? Math.floor(new Date(node.value).getTime() / 1000) : null;
  return node.value || null;
}

/** A control in a message, or outside an input block: choosing is telling the app. */
export function control(blockId, element, ctx) {
  if (element.type === "button") return button(blockId, element, ctx);
  if (element.type === "overflow") return overflow(blockId, element, ctx);
  const node = bare(blockId, element, ctx, { "data-key": `${blockId}/${element.action_id}`,
    "aria-label": words(element.placeholder) || element.action_id });
  node.addEventListener("change", () => {
    const value = valueIn(node, element);
    if (value !== null) use(blockId, element, value, ctx);
  });
  return node;
}

/** An input block: label, control, hint, error. The control carries its block for the form to be read. */
export function input(block, ctx) {
  const id = `input-${block.block_id}`;
  const error = ctx.errors?.[block.block_id];
  const described = [block.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || null;
  const node = bare(block.block_id, block.element, ctx, { id, "data-input": block.block_id, "data-key": id,
    "aria-describedby": described, "aria-invalid": error ? "true" : null, "aria-labelledby": `${id}-label` });
  if (block.dispatch_action) {
    node.addEventListener("change", () => ctx.press(block.block_id, block.element, valueIn(node, block.element)));
  }
  return el("div", { class: "input" },
    el("label", { for: id, id: `${id}-label` }, plain(block.label.text), block.optional && el("span", { class: "quiet" }, " (optional)")),
    node,
    error && el("p", { id: `${id}-error`, class: "error" }, error),
    block.hint && el("p", { id: `${id}-hint`, class: "quiet small" }, plain(block.hint.text)));
}

// Blocks into nodes. `ctx` is {names, state, press(blockId, element, value), people, channels, errors}.
import { el } from "./dom.js";
import { control, input } from "./elements.js";
import { emoji, link, mention, mrkdwn, plain } from "./mrkdwn.js";
import { when } from "./dates.js";

export const textOf = (text, names) => (text.type === "mrkdwn" ? mrkdwn(text.text, names) : plain(text.text));

export function blocks(list, ctx) {
  return list.map((block) => (RENDER[block.type] || unknown)(block, ctx));
}

const unknown = (block) => el("p", { class: "quiet" }, `[${block.type}]`);

// Nothing is fetched from elsewhere: an image is its description and a link to where it would come from.
function picture(image) {
  const url = image.image_url || "";
  return el("span", { class: "picture" }, link(url, image.alt_text || "image"));
}

function section(block, ctx) {
  return el("div", { class: "section" },
    el("div", { class: "grow" },
      block.text && el("div", { class: "text" }, textOf(block.text, ctx.names)),
      block.fields && el("div", { class: "fields" },
        block.fields.map((field) => el("div", {}, textOf(field, ctx.names))))),
    block.accessory && el("div", { class: "accessory" },
      block.accessory.type === "image" ? picture(block.accessory) : control(block.block_id, block.accessory, ctx)));
}

function richLeaf(leaf, ctx) {
  let node = {
    text: () => document.createTextNode(leaf.text),
    link: () => link(leaf.url, leaf.text || leaf.url),
    user: () => mention(`@${ctx.names.users[leaf.user_id] || leaf.user_id}`),
    channel: () => mention(`#${ctx.names.channels[leaf.channel_id] || leaf.channel_id}`),
    usergroup: () => mention("@group"),
    emoji: () => emoji(leaf.name),
    date: () => el("time", {}, when(leaf.timestamp, leaf.format, ctx.names.now) ?? leaf.fallback ?? ""),
    broadcast: () => mention(`@${leaf.range}`),
    color: () => el("code", {}, leaf.value),
  }[leaf.type]?.() ?? document.createTextNode("");
  for (const [style, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"]]) {
    if (leaf.style?.[style]) node = el(tag, {}, node);
  }
  return node;
}

// Line breaks inside rich text are shown by `white-space: pre-wrap`.
function richPart(part, ctx) {
  const leaves = (elements) => elements.map((leaf) => richLeaf(leaf, ctx));
  if (part.type === "rich_text_list") {
    const tag = part.style === "ordered" ? "ol" : "ul";
    return el(tag, { class: `indent-${part.indent || 0}`, start: part.offset ? part.offset + 1 : null },
      part.elements.map((item) => el("li", {}, leaves(item.elements))));
  }
  const tag = { rich_text_preformatted: "pre", rich_text_quote: "blockquote" }[part.type] || "p";
  return el(tag, {}, leaves(part.elements));
}

const RENDER = {
  section,
  header: (block) => el("h4", {}, plain(block.text.text)),
  divider: () => el("hr"),
  context: (block, ctx) => el("div", { class: "context" }, block.elements.map((one) =>
    el("span", {}, one.type === "image" ? picture(one) : textOf(one, ctx.names)))),
  actions: (block, ctx) => el("div", { class: "actions" }, block.elements.map((one) => control(block.block_id, one, ctx))),
  image: (block) => el("figure", {}, block.title && el("figcaption", {}, plain(block.title.text)), picture(block)),
  input: (block, ctx) => input(block, ctx),
  rich_text: (block, ctx) => el("div", { class: "rich" }, block.elements.map((part) => richPart(part, ctx))),
  markdown: (block) => el("div", { class: "rich" }, block.text),
  alert: (block, ctx) => el("div", { class: `alert alert-${block.level || "default"}` }, textOf(block.text, ctx.names)),
};

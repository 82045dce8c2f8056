// The short names a product like this one uses. Others stay as they were typed, as in Slack.
export const EMOJI = {
  warning: "⚠️", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", hourglass_flowing_sand: "⏳", hourglass: "⌛",
  arrows_counterclockwise: "🔄", information_source: "ℹ️", link: "🔗", rotating_light: "🚨", large_green_circle: "🟢",
  large_yellow_circle: "🟡", large_orange_circle: "🟠", red_circle: "🔴", large_blue_circle: "🔵", white_circle: "⚪",
  black_circle: "⚫", black_square_button: "🔲", bell: "🔔", no_bell: "🔕", no_entry: "⛔", no_entry_sign: "🚫", wave: "👋",
  tada: "🎉", email: "✉️", envelope: "✉️", incoming_envelope: "📨", mailbox: "📫", mailbox_with_no_mail: "📭", grey_question: "❔", calendar: "📅", date: "📅", clock1: "🕐",
  stopwatch: "⏱️", alarm_clock: "⏰", key: "🔑", lock: "🔒", unlock: "🔓", gear: "⚙️", mag: "🔍", bar_chart: "📊",
  chart_with_upwards_trend: "📈", moneybag: "💰", receipt: "🧾", page_facing_up: "📄", memo: "📝", bulb: "💡", zzz: "💤",
  sleeping: "😴", question: "❓", exclamation: "❗", heavy_exclamation_mark: "❗", double_vertical_bar: "⏸️",
  arrow_forward: "▶️", repeat: "🔁", electric_plug: "🔌", bust_in_silhouette: "👤", office: "🏢", eyes: "👀", sparkles: "✨",
  grey_question: "❔", mail: "✉️", mailbox_with_no_mail: "📭", mega: "📣", raising_hand: "🙋",
  "+1": "👍", wastebasket: "🗑️", thumbsup: "👍", checkered_flag: "🏁", construction: "🚧", package: "📦", pushpin: "📌", speech_balloon: "💬",
};

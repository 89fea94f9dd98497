/** Texts of an SVG: measured, cut to the available room, and escaped. */

export const fonts = "Verdana,DejaVu Sans,sans-serif"

/** As a share of the font size, in the widest of the common fonts. */
const letterWidth = (letter: string): number => {
  if ("iljI'|".includes(letter)) return 0.32
  if ("tfr.,:;!()[]{}- ".includes(letter)) return 0.46
  if ("mwMW@%…".includes(letter)) return 1.02
  if (letter > "\u024f") return 1.1
  return letter >= "A" && letter <= "Z" || letter > "\u007f" ? 0.79 : 0.65
}

/** How much wider the same text is in bold. */
export const boldness = 1.15

export const widthOf = (text: string, size: number): number => {
  let sum = 0
  for (const letter of text) sum += letterWidth(letter)
  return sum * size
}

/** One line, of characters that XML allows. */
export const clean = (text: string): string =>
  text.replaceAll(/\s+/g, " ").toWellFormed().replaceAll(/[\p{Cc}\ufffe\uffff]/gu, "\ufffd")

/** As much of a text as fits, with `…` for the rest; nothing if hardly a word fits. */
export const cut = (text: string, room: number, size: number): string => {
  const line = clean(text)
  if (widthOf(line, size) <= room) return line
  let left = room - widthOf("…", size)
  let kept = ""
  for (const letter of line) {
    left -= letterWidth(letter) * size
    if (left < 0) break
    kept += letter
  }
  return kept.length < 5 ? "" : `${kept.trimEnd()}…`
}

/** Words that mean nothing without the next one. */
const dangling = /(?:^|\s)(?:an?|the|of|by|for|from|to|in|held|task|and|with)$/

/** As many whole words as fit, with `…` for the rest; nothing if they mean nothing. */
export const cutWords = (text: string, room: number, size: number): string => {
  const line = clean(text)
  if (widthOf(line, size) <= room) return line
  const words = line.split(" ")
  while (words.pop() !== undefined) {
    const kept = words.join(" ")
    const isWhole = (kept.match(/['"]/g) ?? []).length % 2 === 0 && !dangling.test(kept)
    if (isWhole && kept !== "" && widthOf(`${kept}…`, size) <= room) return `${kept}…`
  }
  return ""
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" }
export const escape = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => escapes[character]!)

const longest = 300
export const titleOf = (text: string | undefined): string => {
  if (text === undefined) return ""
  const line = clean(text)
  return `<title>${escape(line.length > longest ? `${line.slice(0, longest - 1).toWellFormed()}…` : line)}</title>`
}

/** At most one decimal. */
export const px = (value: number): string => String(Math.round(value * 10) / 10)

interface TextAt {
  readonly x: number
  readonly y: number
  readonly className: string
  readonly size: number
  readonly anchor?: "middle" | "end"
  readonly bold?: boolean
}

export const text = (content: string, { anchor, bold = false, className, size, x, y }: TextAt): string =>
  content === ""
    ? ""
    : `<text class="${className}" x="${px(x)}" y="${px(y)}" font-size="${size}"${
      anchor === undefined ? "" : ` text-anchor="${anchor}"`
    }${bold ? " font-weight=\"bold\"" : ""}>${escape(content)}</text>`

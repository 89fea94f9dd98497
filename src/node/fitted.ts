/** Fits texts to a terminal. */
import { stripVTControlCharacters } from "node:util"
import { columnsOf } from "../insight/drawing/columns.ts"

/** A text in lines that fit the terminal, if there is one; continuation lines stay within the guides of their tree. */
export const fitted = (text: string, { columns, isTTY }: Pick<NodeJS.WriteStream, "columns" | "isTTY">): string =>
  isTTY ? text.split("\n").flatMap((line) => folded(line, columns)).join("\n") : text

const folded = (line: string, columns: number): ReadonlyArray<string> => {
  const fits = (text: string): boolean => columnsOf(stripVTControlCharacters(text)) <= columns
  if (fits(line)) return [line]
  const lead = /^[│├└─ ]*/.exec(line)![0]
  const margin = `${lead.replace("├", "│").replaceAll(/[└─]/g, " ")}    `.slice(0, columns / 2)
  const [first = "", ...words] = line.slice(lead.length).split(" ")
  const lines: Array<string> = []
  let last = lead + first
  for (const word of words) {
    if (fits(`${last} ${word}`)) last += ` ${word}`
    else {
      lines.push(last.trimEnd())
      last = margin + word
    }
  }
  return [...lines, last]
}

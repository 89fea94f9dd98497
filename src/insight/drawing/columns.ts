/** Texts of a terminal: measured in its columns, cut and padded to them. */

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
const narrow = /[\p{Mn}\p{Me}\p{Cf}]/u

export const columnsOf = (text: string): number => {
  let columns = 0
  for (const letter of text) columns += narrow.test(letter) ? 0 : wide.test(letter) ? 2 : 1
  return columns
}

/** As much of a line as fits, with `…` for the rest. */
export const cutColumns = (line: string, room: number): string => {
  if (columnsOf(line) <= room) return line
  let kept = ""
  let left = room - 1
  for (const letter of line) {
    left -= columnsOf(letter)
    if (left < 0) break
    kept += letter
  }
  return `${kept.trimEnd()}…`
}

export const padColumns = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(0, columns - columnsOf(text)))

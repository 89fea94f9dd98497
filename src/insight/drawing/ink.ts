/** How parts of a text are highlighted on a terminal with colours. */
export interface Ink {
  readonly bad: (text: string) => string
  readonly odd: (text: string) => string
  readonly quiet: (text: string) => string
  readonly strong: (text: string) => string
}

const same = (text: string): string => text
const ansi = (code: number) => (text: string): string => `\u001B[${code}m${text}\u001B[0m`

export const plain: Ink = { bad: same, odd: same, quiet: same, strong: same }
export const coloured: Ink = { bad: ansi(31), odd: ansi(33), quiet: ansi(2), strong: ansi(1) }

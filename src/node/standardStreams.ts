/** What is said to whoever started the process. */
import { styleText } from "node:util"

/** Whether a stream takes colours, by Node's rules: a terminal, `NO_COLOR`, `FORCE_COLOR`, `TERM`. */
export const hasColors = (stream: NodeJS.WriteStream = process.stderr): boolean =>
  styleText("red", "?", { stream }) !== "?"

/** On stderr, a line or more. */
export const write = (text: string): void => void process.stderr.write(`${text}\n`)

/** Waits until what was printed is written: Node's `process.exit` drops what a pipe has not taken yet. */
export const flush = async (): Promise<void> => {
  const streams = [process.stdout, process.stderr].filter(({ writable }) => writable)
  await Promise.all(streams.map((stream) => new Promise<void>((resolve) => stream.write("", () => resolve()))))
}

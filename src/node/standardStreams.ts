/** Output for whoever started the process. */
import { styleText } from "node:util"

export const streams: ReadonlyArray<NodeJS.WriteStream> = [process.stdout, process.stderr]

/** Whether a stream shows colours, by Node's rules: a terminal, `NO_COLOR`, `FORCE_COLOR`, `TERM`. */
export const hasColors = (stream: NodeJS.WriteStream = process.stderr): boolean =>
  styleText("red", "?", { stream }) !== "?"

/** Writes to stderr, one line or more. */
export const write = (text: string): void => void process.stderr.write(`${text}\n`)

/**
 * Waits until everything printed is written: Node's `process.exit` drops what a pipe has not taken yet. A failed write
 * has its event after its callback.
 */
export const flush = async (): Promise<void> => {
  const open = streams.filter(({ writable }) => writable)
  await Promise.all(open.map((stream) => new Promise<void>((resolve) => stream.write("", () => setImmediate(resolve)))))
}

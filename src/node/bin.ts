#!/usr/bin/env node
/** The command `effect-asyncio`, as a process. */
import { command } from "./command.ts"

const { code, text } = await command(process.argv.slice(2))
const stream = code === 0 ? process.stdout : process.stderr
// The reader may have had enough, like `head`.
stream.on("error", (error) => {
  if (!("code" in error && error.code === "EPIPE")) throw error
})
stream.write(`${text}\n`)
process.exitCode = code

/** What an editor would show: the diagnostics of a file, asked of a language server. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

interface Message {
  readonly id?: number
  readonly method?: string
  readonly result?: unknown
}

interface Diagnostic {
  readonly range: { readonly start: { readonly line: number; readonly character: number } }
  readonly message: string
}

/** `line: message`, of a server that speaks on its standard streams: `args` of Node, run in the folder of the file. */
export const diagnosticsOf = async (
  args: ReadonlyArray<string>,
  folder: string,
  file: string
): Promise<ReadonlyArray<string>> => {
  const server = spawn(process.execPath, args, { cwd: folder, stdio: ["pipe", "pipe", "ignore"] })
  const waiting = new Map<number, (result: unknown) => void>()
  const send = (message: object): void => {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message })
    server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }
  const request = (method: string, params?: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = waiting.size + 1
      waiting.set(id, resolve)
      server.once("close", () => reject(new Error(`the language server ended before it answered ${method}`)))
      send({ id, method, params })
    })
  const hear = ({ id, method, result }: Message): void => {
    // What it asks of an editor is not needed here.
    if (method === undefined) waiting.get(id!)?.(result)
    else if (id !== undefined) send({ id, result: null })
  }

  let heard = Buffer.alloc(0)
  server.stdout.on("data", (data: Buffer) => {
    heard = Buffer.concat([heard, data])
    for (;;) {
      const [header, length] =
        /^(?:[^\r]+\r\n)*?Content-Length: (\d+)\r\n(?:[^\r]+\r\n)*\r\n/i.exec(heard.toString("latin1")) ?? []
      if (header === undefined || heard.length < header.length + Number(length)) return
      const end = header.length + Number(length)
      hear(JSON.parse(heard.toString("utf8", header.length, end)))
      heard = heard.subarray(end)
    }
  })

  const uri = pathToFileURL(join(folder, file)).href
  await request("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(folder).href,
    capabilities: { textDocument: { diagnostic: {} } }
  })
  send({ method: "initialized", params: {} })
  const text = readFileSync(join(folder, file), "utf8")
  send({
    method: "textDocument/didOpen",
    params: { textDocument: { uri, languageId: "typescript", version: 1, text } }
  })
  const { items } = await request("textDocument/diagnostic", { textDocument: { uri } }) as { items: Array<Diagnostic> }
  const closed = once(server, "close")
  server.kill()
  await closed
  return items.map(({ message, range }) => `${range.start.line + 1}: ${message}`)
}

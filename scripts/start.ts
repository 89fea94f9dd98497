/** `npm start`: runs the numbered examples in their order, each as a program of its own. */
import { spawnSync } from "node:child_process"
import { globSync } from "node:fs"

for (const example of globSync("examples/[0-9]*.ts").toSorted()) {
  console.log(`\n== ${example}`)
  const { status } = spawnSync(process.execPath, [...process.execArgv, example], { stdio: "inherit" })
  if (status !== 0) process.exit(status ?? 1)
}

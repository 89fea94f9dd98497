/** `npm run example NAME`: runs one example, with whatever else is given; without a name it lists them. */
import { spawnSync } from "node:child_process"
import { globSync } from "node:fs"
import { basename } from "node:path"

const examples = new Map(
  globSync(["examples/*.ts", "examples/real/*.ts"]).toSorted().map((file) => [basename(file, ".ts"), file])
)
const name = process.argv[2] ?? ""
const file = examples.get(name)
if (file === undefined) {
  if (name !== "") console.error(`there is no example ${name}`)
  console.log(`npm run example NAME, with one of these:\n${[...examples.keys()].map((key) => `  ${key}`).join("\n")}`)
  process.exit(name === "" ? 0 : 1)
}
// Ctrl-C goes to the example too, which may have something left to do; its end is ours.
process.on("SIGINT", () => {})
const { status } = spawnSync(process.execPath, [...process.execArgv, file, ...process.argv.slice(3)], {
  stdio: "inherit"
})
process.exit(status ?? 1)

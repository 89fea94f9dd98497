/**
 * The places of an executor: so many jobs run at once; the others wait as suspended fibers, first come, first served.
 */
import { shortened, type Words } from "../../internal/host/printing.ts"
import { counted } from "../../internal/host/words.ts"
import { Holdable } from "../../internal/parts/Holdable.ts"

export class JobPlaces extends Holdable {
  constructor(size: number, name: string) {
    super(size)
    this.name = name
  }
  get kind(): string {
    return "pool"
  }
  override labelFor(): string {
    return `a place in the pool '${shortened(this.name!)}'`
  }
  describe(): Words {
    return [`free=${this.available}`, counted("waiters", this.line.length)]
  }
}

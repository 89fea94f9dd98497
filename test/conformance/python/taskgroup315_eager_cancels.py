"""An eager child may cancel its group in its first step: one that ends in that step keeps its value."""
import asyncio


async def main(log):
    async def child(tg, awaits):
        tg.cancel()
        try:
            if awaits:
                await asyncio.sleep(10)
        except asyncio.CancelledError:
            log("child cancelled")
            raise
        return "value"

    for awaits in (False, True):
        for eager in (False, True):
            async with asyncio.TaskGroup() as tg:
                task = tg.create_task(child(tg, awaits), eager_start=eager)
                try:
                    await asyncio.sleep(5)
                except asyncio.CancelledError:
                    log("body cancelled")
                    raise
            log("awaits", awaits, "eager", eager, "cancelled", task.cancelled())
    log("requests", asyncio.current_task().cancelling())

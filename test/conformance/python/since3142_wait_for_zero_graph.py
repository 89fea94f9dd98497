"""wait_for without time waits for the clean-up, and the call graph knows it; a cancelled wait leaves nothing behind."""
import asyncio


async def main(log):
    def waiters(t):
        return sorted(g.future.get_name() for g in asyncio.capture_call_graph(t).awaited_by)

    async def worker():
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(2)

    async def probe():
        try:
            await asyncio.wait_for(task, 0)
        except TimeoutError:
            log("no time")

    task = asyncio.create_task(worker(), name="worker")
    await asyncio.sleep(0)
    first = asyncio.create_task(probe(), name="first")
    await asyncio.sleep(1)
    log("awaited by", waiters(task))
    first.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log("awaited by", waiters(task), first.cancelled())
    await asyncio.wait([task])
    log("cancelled", task.cancelled())

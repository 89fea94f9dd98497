"""A gather that has failed awaits its children no longer."""
import asyncio


async def main(log):
    asyncio.current_task().set_name("main")

    def waiters(t):
        return sorted(g.future.get_name() for g in asyncio.capture_call_graph(t).awaited_by)

    async def bad():
        await asyncio.sleep(1)
        raise ValueError("bad")

    slow = asyncio.create_task(asyncio.sleep(3), name="slow")
    asyncio.get_running_loop().call_later(0.5, lambda: log("slow", waiters(slow)))
    try:
        await asyncio.gather(slow, bad())
    except ValueError as e:
        log("failed", e)
    log("slow", waiters(slow))
    await slow
    log("done")

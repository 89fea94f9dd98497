"""A deadline of no time takes a cancellation that was asked for just before it for its own (python/cpython#134471)."""
import asyncio


async def main(log):
    async def work(name, delay):
        asyncio.current_task().cancel("please")
        try:
            async with asyncio.timeout(delay):
                await asyncio.sleep(1)
        except TimeoutError:
            log(name, "timed out")
        except asyncio.CancelledError as e:
            log(name, "cancelled", e)
            raise
        await asyncio.sleep(2)
        log(name, "went on")

    tasks = [asyncio.create_task(work("a second", 1)), asyncio.create_task(work("no time", 0))]
    await asyncio.wait(tasks)
    log([t.cancelled() for t in tasks])

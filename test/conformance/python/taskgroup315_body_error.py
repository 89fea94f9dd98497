"""The body cancels its group and fails; the task is cancelled while the block waits: the failure is lost."""
import asyncio


async def main(log):
    async def child():
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(1)

    async def block():
        try:
            async with asyncio.TaskGroup() as tg:
                tg.create_task(child())
                await asyncio.sleep(0)
                tg.cancel()
                raise ValueError("body")
        except ExceptionGroup as g:
            log("failed", g)
            raise
        except asyncio.CancelledError:
            log("cancelled")
            raise

    task = asyncio.create_task(block())
    await asyncio.sleep(0.5)
    task.cancel("outside")
    await asyncio.wait([task])
    log("cancelled", task.cancelled())

"""The same on concurrent.futures: figures as JSON."""
import json, sys, time
from concurrent.futures import ProcessPoolExecutor


def echo(n):
    return n


def main(size, jobs):
    begin = time.perf_counter()
    with ProcessPoolExecutor(size) as pool:
        pool.submit(echo, 1).result()
        start = time.perf_counter() - begin
        begin = time.perf_counter()
        for n in range(jobs):
            pool.submit(echo, n).result()
        trip = (time.perf_counter() - begin) / jobs
        begin = time.perf_counter()
        for future in [pool.submit(echo, n) for n in range(jobs)]:
            future.result()
        rate = jobs / (time.perf_counter() - begin)
    print(json.dumps({"start": start * 1e3, "trip": trip * 1e6, "rate": rate}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

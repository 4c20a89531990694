"""All primes up to a limit, found the slow way: work for the processor and nothing else."""


def handler(event, context):
    limit = int(event.get("limit", 8000))
    primes = []
    for number in range(2, limit + 1):
        for divisor in range(2, number):
            if number % divisor == 0:
                break
        else:
            primes.append(number)
    return {"limit": limit, "count": len(primes), "largest": primes[-1] if primes else None}

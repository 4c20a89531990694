"""Waits for something else, as a function in front of a slow service does."""

import time


def handler(event, context):
    seconds = float(event.get("seconds", 0.4))
    time.sleep(seconds)
    return {"waited_s": seconds}

"""Works through slots in order, several versions at the same time, each version one slot after another."""

import threading
from collections.abc import Callable, Sequence

from powertune.measure.schedule import Slot


def work_through(
    slots: Sequence[Slot], lanes: int, *, may_start: Callable[[Slot], bool | None], run: Callable[[Slot], None]
) -> None:
    """Run slots in order, at most ``lanes`` at the same time and never two of one version.

    A version that is still busy is passed over until it is free, but nothing runs more than one sweep ahead of
    the slowest. ``may_start`` is asked before each slot: False ends everything, None drops the slot. Slots
    under way are always waited for; then the first error that one raised is raised here.
    """
    if lanes == 1:
        for slot in slots:
            allowed = may_start(slot)
            if allowed is False:
                return
            if allowed:
                run(slot)
        return
    board = _Board(slots, may_start)
    threads = [
        threading.Thread(target=board.work, args=(run,), name=f"lane-{number}", daemon=True) for number in range(lanes)
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            # Not join() alone: a signal's handler must get its turn while this thread waits.
            while thread.is_alive():
                thread.join(0.2)
    finally:
        board.close()
    if board.error is not None:
        raise board.error


class _Board:
    """What is waiting and what is under way, shared by the lanes."""

    def __init__(self, slots: Sequence[Slot], may_start: Callable[[Slot], bool | None]) -> None:
        self.error: BaseException | None = None
        self._waiting = list(slots)
        self._busy: dict[str, Slot] = {}
        self._may_start = may_start
        self._over = False
        self._changed = threading.Condition()

    def work(self, run: Callable[[Slot], None]) -> None:
        """One lane."""
        while (slot := self._take()) is not None:
            try:
                run(slot)
            except BaseException as error:  # noqa: BLE001 - raised again by `work_through`
                with self._changed:
                    self.error = self.error or error
                    self._over = True
            finally:
                with self._changed:
                    del self._busy[slot.version]
                    self._changed.notify_all()

    def close(self) -> None:
        """Start nothing more."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _take(self) -> Slot | None:
        with self._changed:
            while True:
                slot = self._next()
                if slot is not None:
                    self._busy[slot.version] = slot
                    return slot
                if self._over or not self._waiting:
                    return None
                self._changed.wait()

    def _next(self) -> Slot | None:
        while not self._over:
            slot = self._first_ready()
            if slot is None:
                return None
            try:
                allowed = self._may_start(slot)
            except BaseException as error:  # noqa: BLE001 - raised again by `work_through`
                self.error = self.error or error
                allowed = False
            if allowed is False:
                self._over = True
                self._changed.notify_all()
                return None
            self._waiting.remove(slot)
            if allowed:
                return slot
        return None

    def _first_ready(self) -> Slot | None:
        # What is waiting is in order of its sweeps.
        slowest = min(slot.sweep for slot in (*self._busy.values(), *self._waiting[:1])) if self._waiting else 0
        for slot in self._waiting:
            if slot.sweep > slowest + 1:
                return None
            if slot.version not in self._busy:
                return slot
        return None

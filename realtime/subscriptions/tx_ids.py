"""A bounded memory of transactions: the newest ones exactly, of older ones only that they may be.

Transactions are known here by their number in the app, which rises as they commit.
"""

from __future__ import annotations

from typing import Final

MAX_KNOWN: Final = 16  # the writes of one session, or those that touch one query, between two runs


class TxIds:
    """Numbers of transactions; below some point any number counts as one of them."""

    __slots__ = ("_any_below", "_known")

    def __init__(self) -> None:
        self._known: list[int] = []
        self._any_below = 0

    def __contains__(self, tx_id: int) -> bool:
        return tx_id < self._any_below or tx_id in self._known

    def add(self, tx_id: int) -> None:
        """One more; of too many the lowest half is forgotten as such."""
        if tx_id in self:
            return
        self._known.append(tx_id)
        if len(self._known) > MAX_KNOWN:
            self._known.sort()
            half = MAX_KNOWN // 2
            self.add_below(self._known[-half])

    def add_below(self, tx_id: int) -> None:
        """Any number below this one may be one of them."""
        self._any_below = max(self._any_below, tx_id)
        self._known = [known for known in self._known if known >= self._any_below]

    def have_in_common(self, others: TxIds, after: int, up_to: int) -> bool:
        """Whether both may have a number in `after < number <= up_to`."""
        return any(
            after < tx_id <= up_to and tx_id in self and tx_id in others
            for tx_id in (after + 1, *self._known, *others._known)
        )

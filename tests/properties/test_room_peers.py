"""Every client of the published SDK shows the peers that the model has, after every message."""

from __future__ import annotations

import random

from tests.properties.room_walks import Lane, walk
from tests.sdk.apps import create_app
from tests.sdk.core_clients import core_process
from tests.served import ServedDatabase

LANES = 20
CLIENTS_OF_A_LANE = 4
STEPS = 6
CASES_OF_A_SEQUENCE = 4  # a sequence is worth that many of the usual cases


def test_peers_are_those_of_the_model(server: ServedDatabase, cases: int, seed: int) -> None:
    app = create_app(server, "rooms")
    with core_process(server) as core:
        core.stop_recording_frames()
        lanes = [
            Lane(
                [core.open(app.id, f"{lane}.{n}") for n in range(CLIENTS_OF_A_LANE)],
                random.Random(f"{seed} {lane}"),
            )
            for lane in range(LANES)
        ]
        for lane in lanes:
            for client in lane.clients:
                client.wait_until_connected()

        sequences = walk(lanes, cases // CASES_OF_A_SEQUENCE // LANES, STEPS)

    assert sequences >= 500
